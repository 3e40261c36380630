/* SPDX-License-Identifier: MIT */
/* slots.h - memory for many things of one size that live long. They lie side by side: one that malloc puts between
 * things that live for a moment keeps a whole page for itself when those are gone. */
#ifndef SLOTS_H
#define SLOTS_H

#include "attributes.h"

#include <pthread.h>
#include <stddef.h>
#include <sys/queue.h>

struct slots {
	pthread_mutex_t mutex; /* guards what follows, and all slabs */
	LIST_HEAD(, slab) with_room;
	size_t step; /* bytes from a slot to the next */
};

/* Slots of `size` bytes. Nothing is allocated yet. */
void slots_init(struct slots *slots, size_t size);

/* All of them must be free. */
void slots_release(struct slots *slots);

/* A slot full of zeros, aligned for anything. NULL: no memory. These two are callable on any thread. */
MUST_CHECK void *slots_alloc(struct slots *slots);
void slots_free(struct slots *slots, void *memory);

#endif
