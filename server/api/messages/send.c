/* SPDX-License-Identifier: MIT */
/* send.c - POST send/<id>/: sends a message. */
#include "idempotency.h"
#include "messages_resources.h"
#include "respond.h"
#include "send_rate.h"
#include "shapes.h"

static bool add_message(void *context, const struct dm_message *message)
{
	struct exchange *exchange = context;

	shape_message(&exchange->request->response.body, message, exchange->user_id);
	return true;
}

static enum http_outcome sent(struct exchange *exchange)
{
	send_rate_settle(exchange);
	if (exchange->operation.status == DM_LIMITED)
		return send_rate_refuse(exchange);
	if (exchange->operation.status != DM_OK)
		return respond_failure(exchange, NULL);
	if (exchange->operation.send.replayed)
		return idempotency_respond(exchange, add_message);
	exchange->is_stored = true;
	add_message(exchange, &exchange->operation.send.message);
	return respond(exchange, 201);
}

/* Reserves memory for the response first, so that a message that is stored can be answered for. */
enum http_outcome send_post(struct exchange *exchange)
{
	const char *key;

	if (!idempotency_read(exchange, &key))
		return HTTP_RESPOND;
	if (!buffer_reserve(&exchange->request->response.body, shape_message_max_length(exchange->content)))
		return respond_no_room(exchange->request);
	exchange->wait_next = WAIT_THEN_LOOP; /* the response needs it anyway */
	exchange_operation(exchange, DM_OP_SEND)->send =
		(struct dm_op_send){.sender_id = exchange->user_id,
				    .recipient_id = exchange->target_id,
				    .content = {exchange->content.data, exchange->content.length},
				    .idempotency_key = key,
				    .only_replayed = exchange->is_over_rate};
	return exchange_await(exchange, sent);
}
