/* SPDX-License-Identifier: MIT */
/* listing.c - what paginated resources share. */
#include "listing.h"

#include "form.h"
#include "links.h"
#include "respond.h"

struct page *listing_begin(struct exchange *exchange, enum cursor_kind kind)
{
	struct arena *arena = &exchange->request->arena;
	struct page *page = arena_alloc(arena, sizeof(*page));
	struct span cursor;

	if (!page) {
		respond_no_room(exchange->request);
		return NULL;
	}
	page_init(page, kind);
	buffer_charge(&page->rows, exchange->share);
	exchange->resource = page;
	if (form_find(exchange->request->query, arena, SPAN("cursor"), FORM_LAST, &cursor) &&
	    !cursor_decode(cursor, kind, arena, &page->from)) {
		respond_error(exchange, 404, "Invalid cursor");
		return NULL;
	}
	return page;
}

enum http_outcome listing_respond(struct exchange *exchange)
{
	struct request *request = exchange->request;
	struct page *page = exchange->resource;
	enum http_outcome outcome;

	if (exchange->operation.status == DM_OK) {
		page_write(page, &request->response.body, links_own_url(exchange), request->query, &request->arena);
		outcome = respond(exchange, 200);
	} else {
		outcome = respond_failure(exchange, NULL);
	}
	page_release(page);
	return outcome;
}
