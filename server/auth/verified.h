/* SPDX-License-Identifier: MIT */
/* verified.h - which JWTs were verified, so that a second request costs a comparison. */
#ifndef VERIFIED_H
#define VERIFIED_H

#include "jwt.h"

struct verified;

/* NULL: no memory. */
MUST_CHECK struct verified *verified_new(void);
void verified_free(struct verified *verified);

/* Whether this very token was verified by keys of this generation and is still good at the time `now`. Copies the user
 * into the arena. Callable on any thread, as is verified_put. */
MUST_CHECK bool verified_find(struct verified *verified, struct span token, uint64_t generation, int64_t now,
			      struct arena *arena, struct jwt_claims *claims);

/* Remembers the token and its claims in the place of others; not those of a very long user name, and nothing if there
 * is no memory. `generation` is that of the keys by which the token was verified (key_ring.h). */
void verified_put(struct verified *verified, struct span token, uint64_t generation, const struct jwt_claims *claims);

#endif
