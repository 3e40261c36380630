/* SPDX-License-Identifier: MIT */
/* conversation.c - GET conversations/<id>/: marks what came from the partner as read, then a page of messages. */
#include "listing.h"
#include "resources.h"
#include "shapes.h"

static bool add_message(void *context, const struct dm_message *message)
{
	struct exchange *exchange = context;
	struct page *page = exchange->resource;

	if (!page_add(page, message->sent_at, message->id))
		return false;
	shape_message(&page->rows, message, exchange->user_id);
	return true;
}

static enum http_outcome list(struct exchange *exchange)
{
	struct dm_operation *operation = exchange_operation(exchange, DM_OP_CONVERSATION);

	operation->partner_id = exchange->target_id;
	operation->page = ((struct page *)exchange->resource)->from;
	operation->on_message = add_message;
	return exchange_await(exchange, listing_answer);
}

static enum http_outcome marked(struct exchange *exchange)
{
	if (exchange->operation.status != DM_OK)
		return answer_failure(exchange, NULL);
	return exchange->operation.marking.more ? exchange_await(exchange, marked) : list(exchange);
}

enum http_outcome conversation_get(struct exchange *exchange)
{
	if (!listing_begin(exchange, CURSOR_TIME)) /* before anything is marked */
		return HTTP_RESPOND;
	if (exchange->is_head)
		return list(exchange);
	exchange_operation(exchange, DM_OP_MARK_CONVERSATION_READ)->partner_id = exchange->target_id;
	return exchange_await(exchange, marked);
}
