/* SPDX-License-Identifier: MIT */
/* arena.h - memory that is freed all at once, for what lives as long as one request or one batch. */
#ifndef ARENA_H
#define ARENA_H

#include "budget.h"
#include "span.h"

#include <stdbool.h>

struct arena_chunk;

struct arena {
	struct arena_chunk *chunks; /* newest first */
	struct budget_share *share; /* which counts the chunks made from now on; NULL: nobody does */
	bool failed; /* memory was short at some time: whoever uses what was made in it looks at this once */
};

/* An arena of zero bytes is ready for use: struct arena arena = {0}. */
void arena_release(struct arena *arena);

/* Zeroed memory, aligned for any type; NULL when there is none, and `failed` is set. */
void *arena_alloc(struct arena *arena, size_t size);

/* Makes room for so many bytes at once, so that they can be had later; false where there is none. */
MUST_CHECK bool arena_reserve(struct arena *arena, size_t size);

/* A copy with a NUL behind it; data is NULL when there is no memory. */
struct span arena_copy(struct arena *arena, struct span text);

#endif
