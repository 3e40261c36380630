/* SPDX-License-Identifier: MIT */
/* page.h - the envelope of a page: {"next":URL|null,"previous":URL|null,"results":[...]}. */
#ifndef PAGE_H
#define PAGE_H

#include "cursor.h"

#define PAGE_SIZE 50

/* A page ends, before it has that many rows, with the one that makes its rows so long. */
#define PAGE_BYTES ((size_t)4 << 20)

/* Rows are added as they come from the store, one more than a page holds, and written in the order of the list. */
struct page {
	enum cursor_kind kind;
	struct dm_page from; /* where it starts; limit is PAGE_SIZE + 1 */
	size_t size;         /* rows that fit */
	size_t count;        /* rows that came */
	int64_t positions[PAGE_SIZE + 1];
	int64_t ids[PAGE_SIZE + 1];
	size_t starts[PAGE_SIZE + 1]; /* of each row in rows */
	struct buffer rows;           /* the rows' JSON, as they came, with commas between them */
};

/* Ready for a page from the list's beginning. */
void page_init(struct page *page, enum cursor_kind kind);
void page_release(struct page *page);

/* Takes note of the next row. True: append its JSON to page->rows. False: it is the row after the page, and the last
 * that is of use. */
bool page_add(struct page *page, int64_t position, int64_t id);

/* Writes the envelope around the rows, whose memory becomes that of *out: a page may be large. Links are `url`
 * (absolute, without query) with `query`, in which the cursor is replaced. */
void page_write(struct page *page, struct buffer *out, struct span url, struct span query, struct arena *arena);

#endif
