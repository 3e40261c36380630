/* SPDX-License-Identifier: MIT */
/* message.c - GET messages/<id>/: one message, which marks nothing. DELETE: hides it for the caller alone. */
#include "messages_resources.h"
#include "respond.h"
#include "shapes.h"

#define NOT_FOUND "Message not found or not authorized."

static bool write_message(void *context, const struct dm_message *message)
{
	struct exchange *exchange = context;

	shape_message(&exchange->request->response.body, message, exchange->user_id);
	return true;
}

static enum http_outcome found(struct exchange *exchange)
{
	if (exchange->operation.status != DM_OK)
		return respond_failure(exchange, NOT_FOUND);
	return respond(exchange, 200);
}

enum http_outcome message_get(struct exchange *exchange)
{
	exchange_operation(exchange, DM_OP_MESSAGE)->message = (struct dm_op_message){
		.message_id = exchange->target_id, .user_id = exchange->user_id, .on_message = write_message};
	return exchange_await(exchange, found);
}

static enum http_outcome hidden(struct exchange *exchange)
{
	if (exchange->operation.status != DM_OK)
		return respond_failure(exchange, NOT_FOUND);
	return respond_empty(exchange, 204);
}

enum http_outcome message_delete(struct exchange *exchange)
{
	exchange_operation(exchange, DM_OP_HIDE)->hide =
		(struct dm_op_hide){.user_id = exchange->user_id, .message_id = exchange->target_id};
	return exchange_await(exchange, hidden);
}
