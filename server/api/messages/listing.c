/* SPDX-License-Identifier: MIT */
/* listing.c - what paginated resources share. */
#include "listing.h"

#include "form.h"
#include "links.h"
#include "respond.h"

/* False: the client wants a number of rows that no page has. */
static bool read_page_size(struct exchange *exchange, size_t *size)
{
	struct request *request = exchange->request;
	struct span text;
	int64_t number;

	*size = PAGE_SIZE;
	if (!form_find(request->query, &request->arena, SPAN("page_size"), FORM_LAST, &text))
		return true;
	if (!span_to_int64(text, &number) || number < 1 || number > MAX_PAGE_SIZE)
		return false;
	*size = (size_t)number;
	return true;
}

struct page *listing_begin(struct exchange *exchange, enum cursor_kind kind)
{
	struct arena *arena = &exchange->request->arena;
	struct page *page = arena_alloc(arena, sizeof(*page));
	struct span cursor;
	size_t size;

	if (!page) {
		respond_no_room(exchange->request);
		return NULL;
	}
	if (!read_page_size(exchange, &size)) {
		respond_error(exchange, 400, "page_size must be a number from 1 to %d.", MAX_PAGE_SIZE);
		return NULL;
	}
	page_init(page, kind, size);
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
