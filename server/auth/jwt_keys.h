/* SPDX-License-Identifier: MIT */
/* jwt_keys.h - the keys that JWTs may be signed by. */
#ifndef JWT_KEYS_H
#define JWT_KEYS_H

#include "attributes.h"
#include "span.h"

#include <openssl/types.h>

/* The type decides by which algorithms a key verifies. */
enum jwt_key_type {
	JWT_KEY_SECRET, /* HS256, HS384, HS512 */
	JWT_KEY_RSA,    /* RS256, RS384, RS512, PS256; at least 2048 bits */
	JWT_KEY_P256,   /* ES256 */
	JWT_KEY_ED25519 /* EdDSA */
};

/* RFC 7518 wants as many bytes for HS256: a shorter secret can be guessed from any one token. */
#define JWT_MIN_SECRET 32

/* Of a set: a JWT without `kid` is tried with each key of its type. */
#define JWT_MAX_KEYS 64

struct jwt_key {
	enum jwt_key_type type;
	EVP_PKEY *public; /* NULL for a secret */
	struct span secret;
	char *kid; /* NULL: it has none, and may be meant by any */
	char *alg; /* the one algorithm that it is for; NULL: all of its type */
};

struct jwt_keys {
	size_t count;
	struct jwt_key items[JWT_MAX_KEYS];
};

void jwt_keys_release(struct jwt_keys *keys);

/* What became of a key that was to be added. */
enum jwt_key_added {
	JWT_KEY_ADDED,
	JWT_KEY_UNSUITABLE, /* another type, too short, or not valid */
	JWT_KEY_TOO_MANY,
	JWT_KEY_NO_MEMORY
};

/* Adds a public key, which is then owned, whatever is returned; kid and alg are copied and may be NULL. */
MUST_CHECK enum jwt_key_added jwt_keys_add_public(struct jwt_keys *keys, EVP_PKEY *public, const char *kid,
						  const char *alg);

/* Adds a copy of the secret. */
MUST_CHECK enum jwt_key_added jwt_keys_add_secret(struct jwt_keys *keys, struct span secret, const char *kid,
						  const char *alg);

#endif
