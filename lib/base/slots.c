/* SPDX-License-Identifier: MIT */
/* slots.c - memory for many things of one size, in slabs. A slab goes back to malloc when all its slots are free. */
#include "slots.h"

#include <stdalign.h>
#include <stdlib.h>
#include <string.h>

/* Where each slot is a slab, AddressSanitizer sees what is used after it was freed. */
#ifdef __SANITIZE_ADDRESS__
#define SLAB_SLOTS 1
#else
#define SLAB_SLOTS 64
#endif

/* In front of each slot. */
struct slot {
	alignas(max_align_t) struct slab *slab;
	struct slot *next_free;
};

struct slab {
	LIST_ENTRY(slab) with_room; /* while it has a free slot */
	struct slot *first_free;
	size_t used;
	alignas(max_align_t) char memory[];
};

void slots_init(struct slots *slots, size_t size)
{
	const size_t alignment = alignof(max_align_t);

	LIST_INIT(&slots->with_room);
	slots->step = sizeof(struct slot) + (size + alignment - 1) / alignment * alignment;
}

static struct slab *add_slab(struct slots *slots)
{
	struct slab *slab = malloc(sizeof(*slab) + SLAB_SLOTS * slots->step);

	if (!slab)
		return NULL;
	*slab = (struct slab){.used = 0};
	for (size_t i = SLAB_SLOTS; i > 0; i--) {
		struct slot *slot = (struct slot *)(slab->memory + (i - 1) * slots->step);

		*slot = (struct slot){.slab = slab, .next_free = slab->first_free};
		slab->first_free = slot;
	}
	LIST_INSERT_HEAD(&slots->with_room, slab, with_room);
	return slab;
}

void *slots_alloc(struct slots *slots)
{
	struct slab *slab = LIST_FIRST(&slots->with_room);
	struct slot *slot;

	if (!slab)
		slab = add_slab(slots);
	if (!slab)
		return NULL;
	slot = slab->first_free;
	slab->first_free = slot->next_free;
	slab->used++;
	if (!slab->first_free)
		LIST_REMOVE(slab, with_room);
	return memset(slot + 1, 0, slots->step - sizeof(*slot));
}

void slots_free(struct slots *slots, void *memory)
{
	struct slot *slot = (struct slot *)memory - 1;
	struct slab *slab = slot->slab;

	if (!slab->first_free)
		LIST_INSERT_HEAD(&slots->with_room, slab, with_room);
	slot->next_free = slab->first_free;
	slab->first_free = slot;
	if (--slab->used == 0) {
		LIST_REMOVE(slab, with_room);
		free(slab);
	}
}
