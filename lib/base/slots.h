/* SPDX-License-Identifier: MIT */
/* slots.h - memory for many things of one size that live long. They lie side by side: one that malloc puts between
 * things that live for a moment keeps a whole page for itself when those are gone. For one thread. */
#ifndef SLOTS_H
#define SLOTS_H

#include "attributes.h"

#include <stddef.h>
#include <sys/queue.h>

struct slots {
	LIST_HEAD(, slab) with_room; /* slabs with a free slot */
	size_t step;                 /* bytes from a slot to the next */
};

/* Slots of `size` bytes. Nothing is allocated yet, and nothing is left once all are free. */
void slots_init(struct slots *slots, size_t size);

/* A slot full of zeros, aligned for anything. NULL: no memory. */
MUST_CHECK void *slots_alloc(struct slots *slots);
void slots_free(struct slots *slots, void *memory);

#endif
