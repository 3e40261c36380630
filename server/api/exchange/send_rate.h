/* SPDX-License-Identifier: MIT */
/* send_rate.h - how often the caller may send. */
#ifndef SEND_RATE_H
#define SEND_RATE_H

#include "exchange.h"

/* Counts the request, and adds what is left to the response's headers. HTTP_NONE: the caller may send. A request with
 * an Idempotency-Key goes on in either case: what it sent before costs nothing. It is then `is_over_rate`. */
enum http_outcome send_rate_count(struct exchange *exchange);

/* Responds that the caller sends too often, or (after a DM_OP_SEND) to too many new partners. */
enum http_outcome send_rate_refuse(struct exchange *exchange);

/* The request was counted, but has sent nothing: it was a replay. */
void send_rate_take_back(struct exchange *exchange);

#endif
