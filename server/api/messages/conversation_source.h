/* SPDX-License-Identifier: MIT */
/* conversation_source.h - a whole conversation as a JSON array, newest message first: a body source, which reads it
 * piece by piece, since it can be of any length. */
#ifndef CONVERSATION_SOURCE_H
#define CONVERSATION_SOURCE_H

#include "exchange.h"

/* Makes a source of the caller's conversation with exchange->target_id, from the newest message that there is when the
 * first piece is read. False without memory; otherwise source->release frees it. */
MUST_CHECK bool conversation_source_init(struct http_body_source *source, const struct exchange *exchange);

#endif
