/* SPDX-License-Identifier: MIT */
/* rate_headers.h - what is left of the caller's rates, and the headers that tell it. */
#ifndef RATE_HEADERS_H
#define RATE_HEADERS_H

#include "exchange.h"
#include "throttle.h"

/* Of a request that may send, by a caller who is limited. In the request's arena. */
struct send_rate {
	int64_t counted_at; /* when the throttle has counted it, by clock_monotonic; 0: it has not */
	struct throttle_result sends;
	struct throttle_left partners; /* of the limit on new partners */
	bool knows_partners;           /* only where the database was asked to store a message to one */
};

/* Adds RateLimit-Policy and RateLimit to a response that is otherwise complete, if the caller is limited. */
void rate_headers_add(struct exchange *exchange);

#endif
