/* SPDX-License-Identifier: MIT */
/* content.h - the content field of a request's body, in any of the three body formats. */
#ifndef CONTENT_H
#define CONTENT_H

#include "http.h"

/* Reads it into *content (the request's). 0, or the status of the refusal with its sentence in `detail`. */
unsigned content_read(struct request *request, struct span *content, struct buffer *detail);

#endif
