/* SPDX-License-Identifier: MIT */
/* check_rate.c - the check of how often the caller sends. */
#include "checks.h"
#include "send_rate.h"

enum http_outcome check_rate(struct exchange *exchange)
{
	bool sends = exchange->route->sends && exchange_has_method(exchange, SPAN("POST"));

	return sends ? send_rate_count(exchange) : CHECK_PASSED;
}
