/* SPDX-License-Identifier: MIT */
/* arena.h - memory that is freed all at once: for what lives as long as one request or one batch. */
#ifndef ARENA_H
#define ARENA_H

#include "budget.h"
#include "span.h"

#include <stdbool.h>

struct arena_chunk;

struct arena {
	struct arena_chunk *chunks; /* newest first */
	struct budget_share *share; /* counts the chunks that are allocated from now on; NULL: nobody counts them */
	size_t reserved;            /* bytes that are counted already, for the next chunk */
	bool failed;                /* an allocation has failed; check this once, before the result is used */
};

/* An arena of zero bytes is ready for use: struct arena arena = {0}. */
void arena_release(struct arena *arena);

/* Allocates zeroed memory, aligned for any type. NULL, and `failed` is set, if there is no memory. */
void *arena_alloc(struct arena *arena, size_t size);

/* Counts so many bytes now. They are allocated with the next chunk, which no limit refuses then. False: a limit does.
 */
MUST_CHECK bool arena_reserve(struct arena *arena, size_t size);

/* Copies a text and puts a NUL behind it. data is NULL if there is no memory. */
struct span arena_copy(struct arena *arena, struct span text);

#endif
