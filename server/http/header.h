/* SPDX-License-Identifier: MIT */
/* header.h - a request's headers. Names are those of RFC 9110, in any case. */
#ifndef HEADER_H
#define HEADER_H

#include "attributes.h"
#include "request.h"

/* A header's value; data is NULL if it was not sent. It lives as long as the request. */
struct span request_header(const struct request *request, const char *name);

/* How often a header was sent; *value is that of the first, with data NULL if there is none. */
MUST_CHECK unsigned request_header_count(const struct request *request, const char *name, struct span *value);

/* All values of a header that may be sent several times, joined with commas, in the request's arena; data is NULL if it
 * was not sent. */
struct span request_header_list(struct request *request, const char *name);

#endif
