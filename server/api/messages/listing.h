/* SPDX-License-Identifier: MIT */
/* listing.h - what paginated resources share: the exchange's page, from the query to the envelope. */
#ifndef LISTING_H
#define LISTING_H

#include "exchange.h"
#include "page.h"

/* Makes the exchange's page, in its arena, from ?cursor= and ?page_size=. NULL if one of them can't be read: the
 * response is then complete. */
MUST_CHECK struct page *listing_begin(struct exchange *exchange, enum cursor_kind kind);

/* Responds with the page that the operation has filled, or with its failure, and frees the page's rows. */
enum http_outcome listing_respond(struct exchange *exchange);

#endif
