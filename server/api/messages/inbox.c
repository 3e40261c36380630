/* SPDX-License-Identifier: MIT */
/* inbox.c - GET inbox/: a page of the caller's conversations, newest activity first. Marks nothing.
 *
 * Its states, each a function that is named after what has been done:
 *
 *     inbox_get  the page is made from the query
 *     read_page  DM_OP_INBOX is submitted
 *     looked     the page is read, or lacks something: DM_OP_INBOX_FOLD or DM_OP_INBOX_MEND is submitted
 *     settled    a piece of that is done: read_page */
#include "inbox_query.h"
#include "links.h"
#include "listing.h"
#include "messages_resources.h"
#include "query_flag.h"
#include "respond.h"
#include "shapes.h"

/* How often a request puts the table of inboxes in order before it is refused. */
#define MAX_ROUNDS 100

struct inbox {
	struct page *page;
	struct dm_op_inbox wanted;
	int rounds;
};

static enum http_outcome read_page(struct exchange *exchange);

static bool add_entry(void *context, const struct dm_inbox_entry *entry)
{
	struct exchange *exchange = context;
	struct page *page = ((struct inbox *)exchange->resource)->page;

	if (page->count++ > 0)
		buffer_append_char(&page->rows, ',');
	shape_inbox_entry(&page->rows, entry, exchange->user_id);
	return page->rows.length < PAGE_BYTES;
}

/* Frees the rows, since the response is complete. */
static enum http_outcome end(struct exchange *exchange, enum http_outcome outcome)
{
	page_release(((struct inbox *)exchange->resource)->page);
	return outcome;
}

static enum http_outcome settled(struct exchange *exchange)
{
	if (exchange->operation.status != DM_OK)
		return end(exchange, respond_failure(exchange, NULL));
	return read_page(exchange);
}

/* Does what has to be done before the page can be read. */
static enum http_outcome settle(struct exchange *exchange, enum dm_inbox_lack lack)
{
	struct inbox *inbox = exchange->resource;

	if (++inbox->rounds > MAX_ROUNDS)
		return end(exchange, respond_error(exchange, 503, "The inbox is behind; try again later."));
	if (lack == DM_INBOX_LACKS_FOLD)
		exchange_operation(exchange, DM_OP_INBOX_FOLD);
	else
		exchange_operation(exchange, DM_OP_INBOX_MEND)->inbox_mend =
			(struct dm_op_inbox_mend){.user_id = exchange->user_id,
						  .has_position = inbox->wanted.has_position,
						  .position = inbox->wanted.position,
						  .row_id = inbox->wanted.row_id};
	return exchange_await(exchange, settled);
}

static void write_page(struct exchange *exchange, struct page *page)
{
	const struct dm_op_inbox *inbox = &exchange->operation.inbox;
	const struct dm_page place = {
		.has_position = true, .position = inbox->next_position, .row_id = inbox->next_row_id};
	struct request *request = exchange->request;
	struct buffer *out = &request->response.body;

	BUFFER_APPEND_LITERAL(out, "{\"next\":");
	if (inbox->more)
		page_append_link(out, &place, CURSOR_ACTIVITY, links_own_url(exchange), request->query,
				 &request->arena);
	else
		BUFFER_APPEND_LITERAL(out, "null");
	BUFFER_APPEND_LITERAL(out, ",\"previous\":null,\"results\":[");
	buffer_append_span(out, buffer_span(&page->rows));
	BUFFER_APPEND_LITERAL(out, "]}");
	out->failed |= page->rows.failed;
}

static enum http_outcome looked(struct exchange *exchange)
{
	struct page *page = ((struct inbox *)exchange->resource)->page;
	enum dm_inbox_lack lack = exchange->operation.inbox.lack;

	if (exchange->operation.status != DM_OK)
		return end(exchange, respond_failure(exchange, NULL));
	if (lack != DM_INBOX_LACKS_NOTHING)
		return settle(exchange, lack);
	write_page(exchange, page);
	return end(exchange, respond(exchange, 200));
}

static enum http_outcome read_page(struct exchange *exchange)
{
	exchange_operation(exchange, DM_OP_INBOX)->inbox = ((struct inbox *)exchange->resource)->wanted;
	return exchange_await(exchange, looked);
}

enum http_outcome inbox_get(struct exchange *exchange)
{
	struct inbox *inbox = arena_alloc(&exchange->request->arena, sizeof(*inbox));
	struct dm_op_inbox wanted = {.user_id = exchange->user_id, .on_entry = add_entry};
	struct page *page;

	if (!inbox)
		return respond_no_room(exchange->request);
	if (!inbox_read_preview(exchange, &wanted.max_preview) ||
	    !query_flag(exchange, SPAN("unread"), false, &wanted.unread_only) ||
	    !query_flag(exchange, SPAN("blocked"), false, &wanted.blocked_only))
		return HTTP_RESPOND;
	page = listing_begin(exchange, CURSOR_ACTIVITY);
	if (!page)
		return HTTP_RESPOND;
	wanted.limit = page->size;
	wanted.has_position = page->from.has_position;
	wanted.position = page->from.position;
	wanted.row_id = page->from.row_id;
	*inbox = (struct inbox){.page = page, .wanted = wanted};
	exchange->resource = inbox;
	return read_page(exchange);
}
