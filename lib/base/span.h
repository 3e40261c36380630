/* SPDX-License-Identifier: MIT */
/* span.h - bytes that somebody else owns: a pointer and a length. */
#ifndef SPAN_H
#define SPAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct span {
	const char *data;
	size_t length;
};

#define SPAN(literal) ((struct span){(literal), sizeof(literal) - 1})

struct span span_from(const char *text); /* of a NUL-terminated text; NULL gives the empty span */
bool span_equal(struct span a, struct span b);
bool span_equal_nocase(struct span a, struct span b); /* ASCII letters only, as HTTP compares */
struct span span_trim(struct span text);              /* without blanks and tabs at its ends */
struct span span_strip(struct span text);             /* without white space at its ends, line breaks too */
bool span_is_token(struct span text);                 /* of RFC 9110, 5.6.2: the name of a header, or of a cookie */

/* Cuts the part before `separator` off *rest and gives it. After the last part *rest is empty (data NULL). */
struct span span_cut(struct span *rest, char separator);

/* Reads an unsigned decimal number of any number of digits. False: it is not one, or does not fit into 64 bits. */
bool span_to_int64(struct span digits, int64_t *value);

#endif
