/* SPDX-License-Identifier: MIT */
/* admin_target.h - the user that a path of administration names. */
#ifndef ADMIN_TARGET_H
#define ADMIN_TARGET_H

#include "exchange.h"

/* The name in the path, for an operation; data is NULL if the path has an id, which is exchange->target_id. */
static inline struct dm_text admin_target_name(const struct exchange *exchange)
{
	return (struct dm_text){exchange->target_name.data, exchange->target_name.length};
}

/* Looks the user up, and lends it to `on_user` (may be NULL); `then` follows. */
static inline enum http_outcome admin_target_find(struct exchange *exchange, dm_user_row *on_user, exchange_step *then)
{
	const struct dm_text name = admin_target_name(exchange);

	if (name.data)
		exchange_operation(exchange, DM_OP_USER_BY_NAME)->user_by_name =
			(struct dm_op_user_by_name){.username = name, .on_user = on_user};
	else
		exchange_operation(exchange, DM_OP_USER_BY_ID)->user_by_id =
			(struct dm_op_user_by_id){.user_id = exchange->target_id, .on_user = on_user};
	return exchange_await(exchange, then);
}

#endif
