/* SPDX-License-Identifier: MIT */
/* cursor.h - a place in an ordered list, in the form of Django REST Framework's CursorPagination: base64 of a query
 * string with o (offset), r (reverse) and p (position), and our own i (the id of the row where the page ended). */
#ifndef CURSOR_H
#define CURSOR_H

#include "arena.h"
#include "attributes.h"
#include "buffer.h"
#include "directmessages.h"

/* What the list is ordered by, so what a position is: a time, in microseconds since 1970, or an id. A list by activity
 * is ordered by times as well, and is read one way; its cursors are not taken for those of a conversation. */
enum cursor_kind { CURSOR_TIME, CURSOR_ID, CURSOR_ACTIVITY };

/* Reads a cursor into the start of the page. False: it is not a cursor. An empty one is the beginning of the list. */
MUST_CHECK bool cursor_decode(struct span encoded, enum cursor_kind kind, struct arena *arena, struct dm_page *page);

/* Appends a place as a cursor. */
void cursor_encode(struct buffer *out, const struct dm_page *place, enum cursor_kind kind);

#endif
