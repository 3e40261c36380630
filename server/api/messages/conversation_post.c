/* SPDX-License-Identifier: MIT */
/* conversation_post.c - POST conversations/<id>/: sends a message, then the whole conversation as an array.
 *
 * Its states, each a function that is named after what has been done:
 *
 *     conversation_post    DM_OP_SEND is submitted
 *     sent                 the message is stored: from here on no response may deny it, unless it was stored before
 *     marked               a piece of DM_OP_MARK_CONVERSATION_READ is done: the next one, while there is more
 *     conversation_source  201; its body reads DM_OP_CONVERSATION, a piece each time (see there)
 */
#include "conversation_source.h"
#include "idempotency.h"
#include "messages_resources.h"
#include "respond.h"
#include "send_rate.h"

static enum http_outcome marked(struct exchange *exchange)
{
	struct http_body_source source;

	if (exchange->operation.status != DM_OK)
		return respond_failure(exchange, NULL);
	if (exchange->operation.mark_conversation_read.more)
		return exchange_await(exchange, marked);
	if (!conversation_source_init(&source, exchange))
		return respond_no_room(exchange->request);
	if (exchange->is_replayed)
		idempotency_add_header(exchange);
	return respond_source(exchange, 201, &source);
}

static enum http_outcome sent(struct exchange *exchange)
{
	send_rate_settle(exchange);
	if (exchange->operation.status == DM_LIMITED)
		return send_rate_refuse(exchange);
	if (exchange->operation.status != DM_OK)
		return respond_failure(exchange, NULL);
	exchange->is_replayed = exchange->operation.send.replayed;
	exchange->is_stored = !exchange->is_replayed;
	exchange_operation(exchange, DM_OP_MARK_CONVERSATION_READ)->mark_conversation_read =
		(struct dm_op_mark_conversation_read){.user_id = exchange->user_id, .partner_id = exchange->target_id};
	return exchange_await(exchange, marked);
}

enum http_outcome conversation_post(struct exchange *exchange)
{
	const char *key;

	if (!idempotency_read(exchange, &key))
		return HTTP_RESPOND;
	exchange_operation(exchange, DM_OP_SEND)->send =
		(struct dm_op_send){.sender_id = exchange->user_id,
				    .recipient_id = exchange->target_id,
				    .content = {exchange->content.data, exchange->content.length},
				    .idempotency_key = key,
				    .only_replayed = exchange->is_over_rate};
	return exchange_await(exchange, sent);
}
