/* SPDX-License-Identifier: MIT */
/* conversation.c - GET conversations/<id>/: marks the partner's messages as read, then sends a page of messages.
 *
 * Its states, each a function that is named after what has been done:
 *
 *     conversation_get  ?mark_read= is read, and the page made from ?cursor=, before anything is marked; HEAD marks
 *                       nothing, nor does a GET where check_caller has found nothing unread
 *     marked            a piece of DM_OP_MARK_CONVERSATION_READ is done: the next piece, while there is more
 *     read_page         DM_OP_CONVERSATION reads the page
 *     listing_respond   200 */
#include "listing.h"
#include "messages_resources.h"
#include "policy.h"
#include "query_flag.h"
#include "respond.h"
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

static enum http_outcome read_page(struct exchange *exchange)
{
	exchange_operation(exchange, DM_OP_CONVERSATION)->conversation =
		(struct dm_op_conversation){.user_id = exchange->user_id,
					    .partner_id = exchange->target_id,
					    .page = ((struct page *)exchange->resource)->from,
					    .on_message = add_message};
	return exchange_await(exchange, listing_respond);
}

static enum http_outcome marked(struct exchange *exchange)
{
	if (exchange->operation.status != DM_OK)
		return respond_failure(exchange, NULL);
	return exchange->operation.mark_conversation_read.more ? exchange_await(exchange, marked) : read_page(exchange);
}

enum http_outcome conversation_get(struct exchange *exchange)
{
	bool marks;

	if (!query_flag(exchange, SPAN("mark_read"), exchange->policy->marks_on_get, &marks) ||
	    !listing_begin(exchange, CURSOR_TIME))
		return HTTP_RESPOND;
	if (exchange->is_head || !marks || exchange->unread == 0)
		return read_page(exchange);
	exchange_operation(exchange, DM_OP_MARK_CONVERSATION_READ)->mark_conversation_read =
		(struct dm_op_mark_conversation_read){.user_id = exchange->user_id, .partner_id = exchange->target_id};
	return exchange_await(exchange, marked);
}
