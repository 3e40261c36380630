/* SPDX-License-Identifier: MIT */
/* admin_user.c - /admin/users/<user>/: GET shows a user. */
#include "admin_resources.h"
#include "respond.h"
#include "shapes.h"

static bool add_user(void *context, const struct dm_user *user)
{
	struct exchange *exchange = context;

	shape_user(&exchange->request->response.body, user);
	return true;
}

static enum http_outcome found(struct exchange *exchange)
{
	if (exchange->operation.status != DM_OK)
		return respond_failure(exchange, NULL);
	return respond(exchange, 200);
}

enum http_outcome admin_user_get(struct exchange *exchange)
{
	const struct dm_text name = {exchange->target_name.data, exchange->target_name.length};

	if (name.data)
		exchange_operation(exchange, DM_OP_USER_BY_NAME)->user_by_name =
			(struct dm_op_user_by_name){.username = name, .on_user = add_user};
	else
		exchange_operation(exchange, DM_OP_USER_BY_ID)->user_by_id =
			(struct dm_op_user_by_id){.user_id = exchange->target_id, .on_user = add_user};
	return exchange_await(exchange, found);
}
