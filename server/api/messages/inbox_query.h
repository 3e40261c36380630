/* SPDX-License-Identifier: MIT */
/* inbox_query.h - the query parameter of an inbox that is a number. */
#ifndef INBOX_QUERY_H
#define INBOX_QUERY_H

#include "exchange.h"

/* ?preview=: characters of content. False: it can't be read, and the response is complete. */
MUST_CHECK bool inbox_read_preview(struct exchange *exchange, size_t *characters);

#endif
