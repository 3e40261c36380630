/* SPDX-License-Identifier: MIT */
/* jwk.h - reads a JWKS, a set of keys as JSON (RFC 7517, RFC 7518 section 6, RFC 8037). */
#ifndef JWK_H
#define JWK_H

#include "jwt_keys.h"

enum jwks_result {
	JWKS_READ,
	JWKS_MALFORMED,   /* it is no JSON, or no set of keys */
	JWKS_PRIVATE_KEY, /* a key in it is private */
	JWKS_TOO_MANY,    /* more than JWT_MAX_KEYS */
	JWKS_NO_MEMORY
};

/* Adds the keys of the set that verify signatures; those for something else, and of types that we don't have, are
 * passed over. *has_secret says whether one of them is a secret. */
MUST_CHECK enum jwks_result jwks_read(struct span text, struct jwt_keys *keys, bool *has_secret);

#endif
