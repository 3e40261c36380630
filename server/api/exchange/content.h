/* SPDX-License-Identifier: MIT */
/* content.h - a field of a request's body, in any of the three body formats. */
#ifndef CONTENT_H
#define CONTENT_H

#include "http.h"

/* Puts it into *content, which lies in the request's body or arena. Returns 0, or the status of an error response with
 * its detail in `detail`. */
unsigned content_parse(struct request *request, struct span *content, struct buffer *detail);

/* The same for a field that is a whole number, of digits in a form. *is_given is false where the body lacks it. */
unsigned content_parse_number(struct request *request, struct span name, bool *is_given, int64_t *number,
			      struct buffer *detail);

/* Looks only whether the body is JSON, as its media type says, or empty. Returns 0 or 415, likewise. */
unsigned content_check_json(const struct request *request, struct buffer *detail);

#endif
