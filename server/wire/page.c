/* SPDX-License-Identifier: MIT */
/* page.c - the envelope of a page, with links as Django REST Framework's CursorPagination makes them. */
#include "page.h"

#include "form.h"
#include "json.h"

#include <stdlib.h>
#include <string.h>

void page_init(struct page *page, enum cursor_kind kind, size_t size)
{
	*page = (struct page){.kind = kind, .size = size, .from = {.limit = size + 1, .max_bytes = PAGE_BYTES}};
	buffer_init(&page->rows, SIZE_MAX);
}

void page_release(struct page *page)
{
	buffer_release(&page->rows);
}

bool page_add(struct page *page, int64_t position, int64_t id)
{
	size_t row = page->count++;

	if (page->rows.length >= PAGE_BYTES)
		page->size = row;
	page->positions[row] = position;
	page->ids[row] = id;
	if (row > 0 && row < page->size)
		buffer_append_char(&page->rows, ',');
	page->starts[row] = page->rows.length;
	return row < page->size;
}

/* ---- where the links lead ------------------------------------------------------------------------------------ */

/* A position, or none, which is before the first row of the list. */
struct position {
	bool exists;
	int64_t value;
};

static bool same_position(struct position a, struct position b)
{
	return a.exists == b.exists && (!a.exists || a.value == b.value);
}

static size_t rows_on_page(const struct page *page)
{
	return page->count < page->size ? page->count : page->size;
}

/* The index of the page's n-th row, counted from the edge that a link starts from: for `next` from the last row (in the
 * order of the list) backwards, for `previous` from the first row forwards. Rows are in the direction of the cursor. */
static size_t row_from_edge(const struct page *page, bool next, size_t n)
{
	bool from_end = next != page->from.reverse;

	return from_end ? rows_on_page(page) - 1 - n : n;
}

static bool has_link(const struct page *page, bool next)
{
	/* In the direction of the cursor there is more if a row did not fit; in the other, if we came from there. */
	if (next != page->from.reverse)
		return page->count > page->size;
	return page->from.has_position || page->from.offset > 0 || page->from.row_id != 0;
}

/* The position just beyond the page's edge. */
static struct position beyond_edge(const struct page *page, bool next)
{
	if (next != page->from.reverse)
		return (struct position){page->count > page->size, page->positions[page->size]};
	return (struct position){page->from.has_position, page->from.position};
}

/* All rows of the page have the same position, so there is no row to count from: count on from the start of this page.
 * When the direction changes, the reference skips rows here; our row id is exact. */
static void place_without_marker(const struct page *page, bool next, struct dm_page *place)
{
	struct position other = beyond_edge(page, !next);

	if (!has_link(page, !next)) {
		place->offset = page->size;
		return;
	}
	place->offset = next != page->from.reverse ? page->from.offset + page->size : 0;
	place->has_position = other.exists;
	place->position = other.value;
}

/* The reference's rule: a place is the nearest row whose position differs from that of its outer neighbour, and an
 * offset for the rows in between. We add the id of the row at the edge, from which we continue exactly. */
static void find_place(const struct page *page, bool next, struct dm_page *place)
{
	struct position compare = beyond_edge(page, next);
	size_t rows = rows_on_page(page), n;

	*place = (struct dm_page){.reverse = !next};
	if (rows == 0) {
		place->has_position = compare.exists;
		place->position = compare.value;
		return;
	}
	if (next == page->from.reverse && page->from.offset != 0) /* the direction changes at a place with an offset */
		compare = (struct position){true, page->positions[row_from_edge(page, next, 0)]};
	for (n = 0; n < rows; n++) {
		struct position row = {true, page->positions[row_from_edge(page, next, n)]};

		if (!same_position(row, compare))
			break;
		compare = row;
	}
	if (page->kind == CURSOR_TIME)
		place->row_id = page->ids[row_from_edge(page, next, 0)];
	if (n == rows) {
		place_without_marker(page, next, place);
		return;
	}
	place->offset = n;
	place->has_position = true;
	place->position = page->positions[row_from_edge(page, next, n)];
}

/* ---- links --------------------------------------------------------------------------------------------------- */

struct parameter {
	struct span name, value;
	size_t order;
};

static int compare_parameters(const void *a_pointer, const void *b_pointer)
{
	const struct parameter *a = a_pointer, *b = b_pointer;
	size_t shorter = a->name.length < b->name.length ? a->name.length : b->name.length;
	int order = shorter > 0 ? memcmp(a->name.data, b->name.data, shorter) : 0;

	if (order == 0 && a->name.length != b->name.length)
		order = a->name.length < b->name.length ? -1 : 1;
	return order != 0 ? order : a->order < b->order ? -1 : 1;
}

/* The query's parameters with the cursor replaced, sorted by name and encoded again, as the reference does. */
static void append_query(struct buffer *out, struct span query, struct span cursor, struct arena *arena)
{
	struct parameter *parameters;
	struct span rest = query;
	size_t capacity = 2, count = 0;

	for (size_t i = 0; i < query.length; i++)
		capacity += query.data[i] == '&';
	parameters = arena_alloc(arena, capacity * sizeof(*parameters));
	if (!parameters) {
		out->failed = true;
		return;
	}
	while (form_next(&rest, arena, &parameters[count].name, &parameters[count].value)) {
		parameters[count].order = count;
		count += !span_equal(parameters[count].name, SPAN("cursor"));
	}
	parameters[count] = (struct parameter){SPAN("cursor"), cursor, count};
	count++;
	qsort(parameters, count, sizeof(*parameters), compare_parameters);
	for (size_t i = 0; i < count; i++) {
		buffer_append_char(out, i == 0 ? '?' : '&');
		form_encode(out, parameters[i].name);
		buffer_append_char(out, '=');
		form_encode(out, parameters[i].value);
	}
}

void page_append_link(struct buffer *out, const struct dm_page *place, enum cursor_kind kind, struct span url,
		      struct span query, struct arena *arena)
{
	struct buffer cursor, link;

	buffer_init(&cursor, 1024);
	buffer_init(&link, SIZE_MAX);
	cursor_encode(&cursor, place, kind);
	buffer_append_span(&link, url);
	append_query(&link, query, buffer_span(&cursor), arena);
	json_string(out, buffer_span(&link));
	out->failed |= cursor.failed || link.failed;
	buffer_release(&cursor);
	buffer_release(&link);
}

static void append_link(const struct page *page, bool next, struct buffer *out, struct span url, struct span query,
			struct arena *arena)
{
	struct dm_page place;

	if (!has_link(page, next)) {
		BUFFER_APPEND_LITERAL(out, "null");
		return;
	}
	find_place(page, next, &place);
	page_append_link(out, &place, page->kind, url, query, arena);
}

static void reverse(char *text, size_t from, size_t to)
{
	for (; from + 1 < to; from++) {
		char last = text[--to];

		text[to] = text[from];
		text[from] = last;
	}
}

/* Reverses the order of the rows in place, since they may be large: reverses all of the text, then each row. */
static void reverse_rows(struct page *page)
{
	size_t rows = rows_on_page(page), length = page->rows.length;

	reverse(page->rows.data, 0, length);
	for (size_t row = 0; row < rows; row++) {
		size_t end = row + 1 < rows ? page->starts[row + 1] - 1 : length;

		reverse(page->rows.data, length - end, length - page->starts[row]);
	}
}

void page_write(struct page *page, struct buffer *out, struct span url, struct span query, struct arena *arena)
{
	struct buffer head, *rows = &page->rows;
	size_t length = rows->length;

	buffer_init(&head, SIZE_MAX);
	BUFFER_APPEND_LITERAL(&head, "{\"next\":");
	append_link(page, true, &head, url, query, arena);
	BUFFER_APPEND_LITERAL(&head, ",\"previous\":");
	append_link(page, false, &head, url, query, arena);
	BUFFER_APPEND_LITERAL(&head, ",\"results\":[");
	if (page->from.reverse && !rows->failed)
		reverse_rows(page);
	if (!head.failed && buffer_reserve(rows, head.length + 2)) {
		memmove(rows->data + head.length, rows->data, length);
		memcpy(rows->data, head.data, head.length);
		rows->length += head.length;
		BUFFER_APPEND_LITERAL(rows, "]}");
	}
	rows->failed |= head.failed;
	buffer_release(&head);
	buffer_release(out);
	*out = *rows;
	buffer_init(rows, SIZE_MAX);
}
