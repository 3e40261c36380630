/* SPDX-License-Identifier: MIT */
/* idempotency.h - requests that send a message, and may be repeated with the same Idempotency-Key. */
#ifndef IDEMPOTENCY_H
#define IDEMPOTENCY_H

#include "exchange.h"

/* Reads the request's Idempotency-Key, an argument of DM_OP_SEND; *key is NULL if there is none. False after it has
 * responded. */
MUST_CHECK bool idempotency_read(struct exchange *exchange, const char **key);

/* Says in the response that the message was sent before. */
void idempotency_add_header(struct exchange *exchange);

/* Responds with the message of a DM_OP_SEND that was `replayed`, as it is now. `add` writes it into the response's
 * body; its context is the exchange. */
enum http_outcome idempotency_respond(struct exchange *exchange, dm_message_row *add);

#endif
