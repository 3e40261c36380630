/* SPDX-License-Identifier: MIT */
/* send.c - POST send/<id>/: sends a message. */
#include "messages_resources.h"
#include "respond.h"
#include "shapes.h"

static enum http_outcome sent(struct exchange *exchange)
{
	if (exchange->operation.status != DM_OK)
		return respond_failure(exchange, NULL);
	exchange->is_stored = true;
	shape_message(&exchange->request->response.body, &exchange->operation.send.message, exchange->user_id);
	return respond(exchange, 201);
}

/* Reserves memory for the response first, so that a message that is stored can be answered for. */
enum http_outcome send_post(struct exchange *exchange)
{
	if (!buffer_reserve(&exchange->request->response.body, shape_message_max_length(exchange->content)))
		return respond_no_room(exchange->request);
	exchange_operation(exchange, DM_OP_SEND)->send =
		(struct dm_op_send){.sender_id = exchange->user_id,
				    .recipient_id = exchange->target_id,
				    .content = {exchange->content.data, exchange->content.length}};
	return exchange_await(exchange, sent);
}
