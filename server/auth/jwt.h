/* SPDX-License-Identifier: MIT */
/* jwt.h - a JWT (RFC 7519): the claims of a signed text, and whom they name. */
#ifndef JWT_H
#define JWT_H

#include "arena.h"
#include "jwt_keys.h"

/* Clocks of the issuer and ours may differ by as much as that. */
#define JWT_LEEWAY_US (30 * INT64_C(1000000))

/* The end of the year 9999, in seconds since 1970. A later `exp` counts as this. */
#define JWT_MAX_EXPIRY INT64_C(253402300799)

/* What a JWT must say; lives as long as the server. */
struct jwt_rules {
	const char *issuer;   /* `iss`; NULL: any */
	const char *audience; /* `aud`, or one of them; NULL: any */
	const char *claim;    /* which claim names the user */
};

/* Each but the first two is a message of SimpleJWT's. */
enum jwt_result {
	JWT_VALID,
	JWT_NO_MEMORY,
	JWT_INVALID,
	JWT_UNKNOWN_KEY, /* it may be good by another set of keys; else it is invalid */
	JWT_EXPIRED,
	JWT_NO_EXPIRY,
	JWT_WRONG_TYPE,
	JWT_NO_USER /* it lacks the claim */
};

struct jwt_claims {
	int64_t expires_at; /* microseconds since 1970, without leeway */
	struct span
		user; /* what the claim says, an integer in decimal; data NULL if it is neither a text nor an integer */
};

/* Verifies the token at the time `now` (microseconds since 1970). The claims lie in the arena, which may be released if
 * they are no longer needed. */
MUST_CHECK enum jwt_result jwt_verify(struct span token, const struct jwt_keys *keys, const struct jwt_rules *rules,
				      int64_t now, struct arena *arena, struct jwt_claims *claims);

#endif
