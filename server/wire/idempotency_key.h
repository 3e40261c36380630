/* SPDX-License-Identifier: MIT */
/* idempotency_key.h - the header Idempotency-Key: bare, or a quoted string of RFC 8941. */
#ifndef IDEMPOTENCY_KEY_H
#define IDEMPOTENCY_KEY_H

#include "arena.h"
#include "attributes.h"

/* Reads a header's value into *key, which is in the arena and ends with a NUL. False: it is no key, or the arena has
 * failed. */
MUST_CHECK bool idempotency_key_parse(struct span value, struct arena *arena, const char **key);

#endif
