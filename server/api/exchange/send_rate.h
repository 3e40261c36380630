/* SPDX-License-Identifier: MIT */
/* send_rate.h - how often the caller may send. */
#ifndef SEND_RATE_H
#define SEND_RATE_H

#include "exchange.h"

/* Counts the request; from then on its response tells what is left. HTTP_NONE: the caller may send. A request with an
 * Idempotency-Key goes on in either case: what it sent before costs nothing. It is then `is_over_rate`. */
enum http_outcome send_rate_count(struct exchange *exchange);

/* Responds that the caller sends too often, or (after a DM_OP_SEND) to too many new partners. */
enum http_outcome send_rate_refuse(struct exchange *exchange);

/* To be called when the exchange's DM_OP_SEND is done, whatever it came to. What has sent nothing, since it was a
 * replay, is not counted. How many new partners are left is told where the store knows it. */
void send_rate_settle(struct exchange *exchange);

#endif
