/* SPDX-License-Identifier: MIT */
/* admin_user.c - /admin/users/<user>/: shows, makes, changes and deletes a user. */
#include "admin_body.h"
#include "admin_resources.h"
#include "admin_target.h"
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
	return admin_target_find(exchange, add_user, found);
}

/* ---- PUT ----------------------------------------------------------------------------------------------------- */

static enum http_outcome put(struct exchange *exchange)
{
	if (exchange->operation.status != DM_OK)
		return respond_failure(exchange, NULL);
	return respond(exchange, exchange->operation.user_put.created ? 201 : 200);
}

/* A text that is given is set, also if it is empty. */
static struct dm_text change_of(const struct json_member *member)
{
	if (!member->is_given)
		return (struct dm_text){NULL, 0};
	return (struct dm_text){member->text.data, member->text.length};
}

enum http_outcome admin_user_put(struct exchange *exchange)
{
	struct json_member members[] = {
		{"email", JSON_MEMBER_TEXT},
		{"first_name", JSON_MEMBER_TEXT},
		{"last_name", JSON_MEMBER_TEXT},
		{"is_active", JSON_MEMBER_BOOLEAN},
	};
	const struct json_member *active = &members[3];

	if (!admin_body(exchange, members, ARRAY_LENGTH(members)))
		return HTTP_RESPOND;
	exchange_operation(exchange, DM_OP_USER_PUT)->user_put =
		(struct dm_op_user_put){.username = admin_target_name(exchange),
					.user_id = exchange->target_id,
					.email = change_of(&members[0]),
					.first_name = change_of(&members[1]),
					.last_name = change_of(&members[2]),
					.active = !active->is_given ? DM_ACTIVE_KEEP
						  : active->boolean ? DM_ACTIVE_YES
								    : DM_ACTIVE_NO,
					.on_user = add_user};
	return exchange_await(exchange, put);
}

/* ---- DELETE -------------------------------------------------------------------------------------------------- */

static enum http_outcome deleted(struct exchange *exchange)
{
	if (exchange->operation.status != DM_OK)
		return respond_failure(exchange, NULL);
	if (exchange->operation.user_delete.more)
		return exchange_await(exchange, deleted);
	return respond_empty(exchange, 204);
}

enum http_outcome admin_user_delete(struct exchange *exchange)
{
	exchange_operation(exchange, DM_OP_USER_DELETE)->user_delete =
		(struct dm_op_user_delete){.username = admin_target_name(exchange), .user_id = exchange->target_id};
	return exchange_await(exchange, deleted);
}
