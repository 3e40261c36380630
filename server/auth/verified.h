/* SPDX-License-Identifier: MIT */
/* verified.h - which JWTs were verified, so that a second request costs a hash. */
#ifndef VERIFIED_H
#define VERIFIED_H

#include "jwt.h"

struct verified;

/* NULL: no memory. */
MUST_CHECK struct verified *verified_new(void);
void verified_free(struct verified *verified);

#define VERIFIED_DIGEST 32

/* False: no memory for it. */
MUST_CHECK bool verified_digest(const struct verified *verified, struct span token,
				unsigned char digest[VERIFIED_DIGEST]);

/* Whether a token of this digest was verified by keys of this generation and is still good at the time `now`. Copies
 * the user into the arena. Callable on any thread, as is verified_put. */
MUST_CHECK bool verified_find(struct verified *verified, const unsigned char digest[VERIFIED_DIGEST],
			      uint64_t generation, int64_t now, struct arena *arena, struct jwt_claims *claims);

/* Remembers the claims in the place of others; not those of a very long user name. `generation` is that of the keys by
 * which the token was verified (key_ring.h). */
void verified_put(struct verified *verified, const unsigned char digest[VERIFIED_DIGEST], uint64_t generation,
		  const struct jwt_claims *claims);

#endif
