/* SPDX-License-Identifier: MIT */
/* message.c - DELETE messages/<id>/: hides a message for the caller alone. */
#include "messages_resources.h"
#include "respond.h"

static enum http_outcome hidden(struct exchange *exchange)
{
	if (exchange->operation.status != DM_OK)
		return respond_failure(exchange, "Message not found or not authorized.");
	return respond_empty(exchange, 204);
}

enum http_outcome message_delete(struct exchange *exchange)
{
	exchange_operation(exchange, DM_OP_HIDE)->hide =
		(struct dm_op_hide){.user_id = exchange->user_id, .message_id = exchange->target_id};
	return exchange_await(exchange, hidden);
}
