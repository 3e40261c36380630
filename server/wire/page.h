/* SPDX-License-Identifier: MIT */
/* page.h - the envelope of a page: {"next":URL|null,"previous":URL|null,"results":[...]}. */
#ifndef PAGE_H
#define PAGE_H

#include "cursor.h"

/* Rows on a page, unless the client wants another number, and at most. */
#define PAGE_SIZE 50
#define MAX_PAGE_SIZE 100

/* A page ends early with the row that makes its rows this long. */
#define PAGE_BYTES ((size_t)4 << 20)

/* Rows are added in the order in which the store returns them, one more than fit, and written in the order of the list.
 */
struct page {
	enum cursor_kind kind;
	struct dm_page from; /* where it starts; limit is size + 1 */
	size_t size;         /* rows that fit */
	size_t count;        /* rows that were added */
	int64_t positions[MAX_PAGE_SIZE + 1];
	int64_t ids[MAX_PAGE_SIZE + 1];
	size_t starts[MAX_PAGE_SIZE + 1]; /* of each row within `rows` */
	struct buffer rows;               /* their JSON in the order of arrival, separated by commas */
};

/* Makes it ready for a page of 1 to MAX_PAGE_SIZE rows from the beginning of the list. */
void page_init(struct page *page, enum cursor_kind kind, size_t size);
void page_release(struct page *page);

/* Adds the next row. True: append its JSON to page->rows. False: it is the row after the page; stop here. */
bool page_add(struct page *page, int64_t position, int64_t id);

/* Writes the envelope around the rows and moves their memory to *out, since a page may be large. The links are `url`
 * (absolute, without query) with `query`, in which the cursor is replaced. */
void page_write(struct page *page, struct buffer *out, struct span url, struct span query, struct arena *arena);

/* Appends the link that leads to a place of a list, as a JSON string; `url` and `query` as for page_write. */
void page_append_link(struct buffer *out, const struct dm_page *place, enum cursor_kind kind, struct span url,
		      struct span query, struct arena *arena);

#endif
