/* SPDX-License-Identifier: MIT */
/* jws.h - a signed text in compact form (RFC 7515, section 7.1): splits it and checks the signature, by the rules of
 * RFC 8725. */
#ifndef JWS_H
#define JWS_H

#include "arena.h"
#include "jwt_keys.h"

#define JWS_MAX_LENGTH 8192

enum jws_result {
	JWS_VERIFIED,
	JWS_INVALID,
	JWS_UNKNOWN_KEY, /* of the keys none could be meant; another set may have it. Never for algorithms of secrets */
	JWS_NO_MEMORY
};

/* Verifies the signature by the keys that the header's `alg` and `kid` allow. The key's type decides which algorithms
 * it verifies. Refused: "none", `crit`, keys and URLs in the header, encryption, members that stand twice. The payload
 * is the arena's. */
MUST_CHECK enum jws_result jws_verify(struct span text, const struct jwt_keys *keys, struct arena *arena,
				      struct span *payload);

#endif
