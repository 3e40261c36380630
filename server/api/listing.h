/* SPDX-License-Identifier: MIT */
/* listing.h - what the two paginated resources share: the page in the exchange, from ?cursor= to the envelope. */
#ifndef LISTING_H
#define LISTING_H

#include "exchange.h"
#include "page.h"

/* Makes the exchange's page from ?cursor=. NULL where that can't be read: the answer is then complete. */
MUST_CHECK struct page *listing_begin(struct exchange *exchange, enum cursor_kind kind);

/* The answer: the page that the operation has filled, or its failure. */
enum http_outcome listing_answer(struct exchange *exchange);

#endif
