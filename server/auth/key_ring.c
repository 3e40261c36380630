/* SPDX-License-Identifier: MIT */
/* key_ring.c - the keys in force. */
#include "key_ring.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

/* Never changes; freed by the last who holds it: the ring, or a request. */
struct key_set {
	_Atomic size_t holders;
	struct jwt_keys keys;
};

struct key_ring {
	pthread_mutex_t mutex; /* guards `sets`, and their generation */
	struct key_set *sets[KEY_SOURCES];
	_Atomic uint64_t generation;
};

static void let_go(struct key_set *set)
{
	if (!set || atomic_fetch_sub(&set->holders, 1) != 1)
		return;
	jwt_keys_release(&set->keys);
	free(set);
}

struct key_ring *key_ring_new(void)
{
	struct key_ring *ring = calloc(1, sizeof(*ring));

	if (ring)
		pthread_mutex_init(&ring->mutex, NULL);
	return ring;
}

void key_ring_free(struct key_ring *ring)
{
	if (!ring)
		return;
	for (size_t i = 0; i < KEY_SOURCES; i++)
		let_go(ring->sets[i]);
	pthread_mutex_destroy(&ring->mutex);
	free(ring);
}

static void put(struct key_ring *ring, enum key_source source, struct key_set *set)
{
	struct key_set *old;

	pthread_mutex_lock(&ring->mutex);
	old = ring->sets[source];
	ring->sets[source] = set;
	atomic_fetch_add(&ring->generation, 1);
	pthread_mutex_unlock(&ring->mutex);
	let_go(old);
}

bool key_ring_replace(struct key_ring *ring, enum key_source source, struct jwt_keys *keys)
{
	struct key_set *set = malloc(sizeof(*set));

	if (!set)
		return false;
	atomic_init(&set->holders, 1);
	set->keys = *keys;
	keys->count = 0;
	put(ring, source, set);
	return true;
}

void key_ring_move(struct key_ring *ring, struct key_ring *from, enum key_source source)
{
	struct key_set *set;

	pthread_mutex_lock(&from->mutex);
	set = from->sets[source];
	from->sets[source] = NULL;
	pthread_mutex_unlock(&from->mutex);
	put(ring, source, set);
}

uint64_t key_ring_generation(struct key_ring *ring)
{
	return atomic_load(&ring->generation);
}

void key_ring_borrow(struct key_ring *ring, struct keys_in_force *keys)
{
	pthread_mutex_lock(&ring->mutex);
	for (size_t i = 0; i < KEY_SOURCES; i++) {
		keys->sets[i] = ring->sets[i];
		if (keys->sets[i])
			atomic_fetch_add(&keys->sets[i]->holders, 1);
	}
	keys->generation = atomic_load(&ring->generation);
	pthread_mutex_unlock(&ring->mutex);
}

void key_ring_return(struct keys_in_force *keys)
{
	for (size_t i = 0; i < KEY_SOURCES; i++)
		let_go(keys->sets[i]);
}

const struct jwt_keys *keys_of(const struct keys_in_force *keys, enum key_source source)
{
	static const struct jwt_keys none;

	return keys->sets[source] ? &keys->sets[source]->keys : &none;
}
