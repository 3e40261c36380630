/* SPDX-License-Identifier: MIT */
/* inbox_query.h - the query parameters of an inbox. Where one can't be read the response is complete. */
#ifndef INBOX_QUERY_H
#define INBOX_QUERY_H

#include "exchange.h"

/* ?preview=: characters of content. */
MUST_CHECK bool inbox_read_preview(struct exchange *exchange, size_t *characters);

/* A parameter that is true or false; false if it is not given. */
MUST_CHECK bool inbox_read_flag(struct exchange *exchange, struct span name, bool *value);

#endif
