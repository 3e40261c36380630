/* SPDX-License-Identifier: MIT */
/* admin_token.c - /admin/users/<user>/token/: gives a user's token, and deletes it. */
#include "admin_body.h"
#include "admin_resources.h"
#include "admin_target.h"
#include "respond.h"
#include "shapes.h"

static enum http_outcome created(struct exchange *exchange)
{
	if (exchange->operation.status != DM_OK)
		return respond_failure(exchange, NULL);
	shape_token(&exchange->request->response.body, exchange->operation.token_create.key);
	return respond(exchange, 200);
}

enum http_outcome admin_token_post(struct exchange *exchange)
{
	struct json_member reset = {"reset", JSON_MEMBER_BOOLEAN};

	if (!admin_body(exchange, &reset, 1))
		return HTTP_RESPOND;
	exchange_operation(exchange, DM_OP_TOKEN_CREATE)->token_create = (struct dm_op_token_create){
		.username = admin_target_name(exchange), .user_id = exchange->target_id, .reset = reset.boolean};
	return exchange_await(exchange, created);
}

static enum http_outcome looked(struct exchange *exchange)
{
	if (exchange->operation.status != DM_OK)
		return respond_failure(exchange, NULL);
	return respond_empty(exchange, 204);
}

/* Where nothing was deleted, either the user does not exist, or there was no token: then all is well. */
static enum http_outcome revoked(struct exchange *exchange)
{
	if (exchange->operation.status == DM_NOT_FOUND)
		return admin_target_find(exchange, NULL, looked);
	return looked(exchange);
}

enum http_outcome admin_token_delete(struct exchange *exchange)
{
	exchange_operation(exchange, DM_OP_TOKEN_REVOKE)->token_revoke =
		(struct dm_op_token_revoke){.username = admin_target_name(exchange), .user_id = exchange->target_id};
	return exchange_await(exchange, revoked);
}
