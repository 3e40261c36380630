/* SPDX-License-Identifier: MIT */
/* content.h - the field `content` of a request's body, in any of the three body formats. */
#ifndef CONTENT_H
#define CONTENT_H

#include "http.h"

/* Puts it into *content, which lies in the request's body or arena. Returns 0, or the status of an error response with
 * its detail in `detail`. */
unsigned content_parse(struct request *request, struct span *content, struct buffer *detail);

#endif
