/* SPDX-License-Identifier: MIT */
/* form.h - application/x-www-form-urlencoded, the form of queries, cursors and HTML forms (WHATWG URL, section 5). */
#ifndef FORM_H
#define FORM_H

#include "arena.h"
#include "buffer.h"

/* Replaces each %XX by its byte and, if plus_is_blank, '+' by a blank. A '%' without two hex digits stays. The result
 * is the arena's and may hold any byte, NUL included; data is NULL if there is no memory. */
struct span percent_decode(struct arena *arena, struct span text, bool plus_is_blank);

/* Cuts the first byte off the text, or the %XX that stands for it, and gives the byte. The text must not be empty. */
char percent_cut(struct span *text);

/* Writes all but letters, digits and "_.-~" as %XX and a blank as '+', as Python's quote_plus does. */
void form_encode(struct buffer *out, struct span text);

/* Writes a path or a query so that it may stand in a URI. What RFC 3986 allows stays, and so do "[" and "]"; all else
 * becomes %XX, as does a '%' without two hex digits. */
void uri_append(struct buffer *out, struct span text);

/* Cuts the next name=value off *rest and decodes both. False: *rest is at its end. Empty pieces are skipped; a name
 * without '=' has the value "". name.data is NULL if there is no memory. */
bool form_next(struct span *rest, struct arena *arena, struct span *name, struct span *value);

/* Gives the value of a field: where it stands first, or last. False: there is no such field. Only that value takes
 * memory of the arena. */
enum form_pick { FORM_FIRST, FORM_LAST };
bool form_find(struct span form, struct arena *arena, struct span name, enum form_pick pick, struct span *value);

#endif
