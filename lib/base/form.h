/* SPDX-License-Identifier: MIT */
/* form.h - application/x-www-form-urlencoded, the form of queries, cursors and HTML forms (WHATWG URL, section 5). */
#ifndef FORM_H
#define FORM_H

#include "arena.h"
#include "buffer.h"

/* Replaces each %XX by its byte, and '+' by a blank where plus_is_blank; a '%' without two hex digits stays. The result
 * is the arena's (data NULL without memory) and may hold any byte, NUL included. */
struct span percent_decode(struct arena *arena, struct span text, bool plus_is_blank);

/* Everything but letters, digits and "_.-~" as %XX, a blank as '+': Python's quote_plus. */
void form_encode(struct buffer *out, struct span text);

/* A path or a query as a URI may hold it (RFC 3986, and "[]", which nobody minds): all else as %XX, a '%' without two
 * hex digits too. */
void uri_append(struct buffer *out, struct span text);

/* Cuts the next name=value off *rest and decodes both; false at the end. Empty pieces are passed over, a name without
 * '=' has the value "". name.data is NULL without memory. */
bool form_next(struct span *rest, struct arena *arena, struct span *name, struct span *value);

/* The value of a field: of its first or its last appearance; false where there is none. Only that one takes memory. */
enum form_pick { FORM_FIRST, FORM_LAST };
bool form_find(struct span form, struct arena *arena, struct span name, enum form_pick pick, struct span *value);

#endif
