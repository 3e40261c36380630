/* SPDX-License-Identifier: MIT */
/* conversation_delete.c - DELETE conversations/<user>/: hides all of a conversation for the caller alone. */
#include "messages_resources.h"
#include "respond.h"

/* A piece is done: the next one, while there is more. */
static enum http_outcome hidden(struct exchange *exchange)
{
	if (exchange->operation.status != DM_OK)
		return respond_failure(exchange, NULL);
	if (exchange->operation.hide_conversation.more)
		return exchange_await(exchange, hidden);
	return respond_empty(exchange, 204);
}

enum http_outcome conversation_delete(struct exchange *exchange)
{
	exchange_operation(exchange, DM_OP_HIDE_CONVERSATION)->hide_conversation =
		(struct dm_op_hide_conversation){.user_id = exchange->user_id, .partner_id = exchange->target_id};
	return exchange_await(exchange, hidden);
}
