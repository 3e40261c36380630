/* SPDX-License-Identifier: MIT */
/* admin_listing.c - pages of a list that is read one way. */
#include "admin_listing.h"

#include "form.h"
#include "links.h"
#include "page.h"
#include "respond.h"

struct admin_listing *admin_listing_begin(struct exchange *exchange)
{
	struct arena *arena = &exchange->request->arena;
	struct admin_listing *listing = arena_alloc(arena, sizeof(*listing));
	struct span cursor;

	if (!listing) {
		respond_no_room(exchange->request);
		return NULL;
	}
	*listing = (struct admin_listing){0};
	if (form_find(exchange->request->query, arena, SPAN("cursor"), FORM_LAST, &cursor) &&
	    !cursor_decode(cursor, CURSOR_ID, arena, &listing->from)) {
		respond_error(exchange, 404, "Invalid cursor");
		return NULL;
	}
	listing->from.limit = ADMIN_PAGE_SIZE + 1; /* one more tells whether there are more */
	buffer_init(&listing->rows, SIZE_MAX);
	buffer_charge(&listing->rows, exchange->share);
	exchange->resource = listing;
	return listing;
}

bool admin_listing_add(struct admin_listing *listing, int64_t position)
{
	listing->has_more = listing->count == ADMIN_PAGE_SIZE || listing->rows.length >= PAGE_BYTES;
	if (listing->has_more)
		return false;
	if (listing->count++ > 0)
		buffer_append_char(&listing->rows, ',');
	listing->last = position;
	return true;
}

static void append_next(struct exchange *exchange, const struct admin_listing *listing, struct buffer *out)
{
	const struct dm_page place = {.has_position = true, .position = listing->last};
	struct request *request = exchange->request;

	if (listing->has_more)
		page_append_link(out, &place, CURSOR_ID, links_own_url(exchange), request->query, &request->arena);
	else
		BUFFER_APPEND_LITERAL(out, "null");
}

enum http_outcome admin_listing_respond(struct exchange *exchange)
{
	struct buffer *out = &exchange->request->response.body;
	struct admin_listing *listing = exchange->resource;
	enum http_outcome outcome;

	if (exchange->operation.status == DM_OK) {
		BUFFER_APPEND_LITERAL(out, "{\"next\":");
		append_next(exchange, listing, out);
		BUFFER_APPEND_LITERAL(out, ",\"previous\":null,\"results\":[");
		buffer_append_span(out, buffer_span(&listing->rows));
		BUFFER_APPEND_LITERAL(out, "]}");
		out->failed |= listing->rows.failed;
		outcome = respond(exchange, 200);
	} else {
		outcome = respond_failure(exchange, NULL);
	}
	buffer_release(&listing->rows);
	return outcome;
}
