/* SPDX-License-Identifier: MIT */
/* key_ring.h - the keys in force. They may be replaced while requests verify by them. */
#ifndef KEY_RING_H
#define KEY_RING_H

#include "jwt_keys.h"

#include <stdint.h>

/* Where keys come from; each has a set of its own, which is replaced as a whole. */
enum key_source {
	KEYS_OF_SETTINGS, /* the secret and the key file */
	KEYS_OF_URL,      /* what was fetched from it */
	KEY_SOURCES
};

struct key_set;
struct key_ring;

/* NULL: no memory. */
MUST_CHECK struct key_ring *key_ring_new(void);
void key_ring_free(struct key_ring *ring);

/* Puts the keys, which are moved from there, in the place of all others of this source. What verifies by the old ones
 * meanwhile goes on with them. False: no memory; then nothing has changed. Callable on any thread, as is the rest. */
MUST_CHECK bool key_ring_replace(struct key_ring *ring, enum key_source source, struct jwt_keys *keys);

/* The same with the keys that another ring has of this source, which it loses; needs no memory. */
void key_ring_move(struct key_ring *ring, struct key_ring *from, enum key_source source);

/* Grows whenever keys are replaced: what was verified in another generation may be signed by a key that is gone. */
uint64_t key_ring_generation(struct key_ring *ring);

/* The keys of all sources at one moment. */
struct keys_in_force {
	struct key_set *sets[KEY_SOURCES];
	uint64_t generation;
};

void key_ring_borrow(struct key_ring *ring, struct keys_in_force *keys);
void key_ring_return(struct keys_in_force *keys);

/* Of one source; without any if the source has none. */
const struct jwt_keys *keys_of(const struct keys_in_force *keys, enum key_source source);

#endif
