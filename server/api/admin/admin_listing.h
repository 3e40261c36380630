/* SPDX-License-Identifier: MIT */
/* admin_listing.h - a list that is read in pages of 100 rows, one way:
 * {"next":URL|null,"previous":null,"results":[...]}.
 */
#ifndef ADMIN_LISTING_H
#define ADMIN_LISTING_H

#include "attributes.h"
#include "buffer.h"
#include "exchange.h"

#define ADMIN_PAGE_SIZE 100

struct admin_listing {
	struct dm_page from; /* has_position, position: ?cursor= says to start beyond that; limit: rows to ask for */
	size_t count;        /* rows that were added */
	int64_t last;        /* position of the last one */
	bool has_more;
	struct buffer rows; /* their JSON */
};

/* Begins a page of the request, at ?cursor=, as exchange->resource. NULL after it has responded: return HTTP_RESPOND.
 */
MUST_CHECK struct admin_listing *admin_listing_begin(struct exchange *exchange);

/* Adds the next row, which has this position (a time or an id) in the order of the list. True: append its JSON to
 * listing->rows. False: the page is full; stop here. */
bool admin_listing_add(struct admin_listing *listing, int64_t position);

/* The step after the operation that has added the rows: responds, and releases them. */
exchange_step admin_listing_respond;

#endif
