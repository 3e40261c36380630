/* SPDX-License-Identifier: MIT */
/* arena.c - memory that is freed all at once. */
#include "arena.h"

#include <stdalign.h>
#include <stdlib.h>
#include <string.h>

#define CHUNK 1008 /* what malloc keeps at hand for its thread */

struct arena_chunk {
	struct arena_chunk *next;
	struct budget_share *share; /* where it is counted */
	size_t used;
	size_t size;
	alignas(max_align_t) char memory[];
};

void arena_release(struct arena *arena)
{
	struct arena_chunk *chunk = arena->chunks;

	while (chunk) {
		struct arena_chunk *next = chunk->next;

		budget_give(chunk->share, chunk->size, 0);
		free(chunk);
		chunk = next;
	}
	arena->chunks = NULL;
	budget_give(arena->share, arena->reserved, 0);
	arena->reserved = 0;
}

static struct arena_chunk *add_chunk(struct arena *arena, size_t least)
{
	size_t size = least > CHUNK - sizeof(struct arena_chunk) ? least : CHUNK - sizeof(struct arena_chunk);
	bool is_counted = size <= arena->reserved;
	struct arena_chunk *chunk;

	if (is_counted)
		size = arena->reserved;
	if (least > SIZE_MAX / 2 || (!is_counted && !budget_take(arena->share, 0, size)))
		return NULL;
	chunk = malloc(sizeof(*chunk) + size);
	if (!chunk) {
		if (!is_counted)
			budget_give(arena->share, size, 0);
		return NULL;
	}
	if (is_counted)
		arena->reserved = 0;
	*chunk = (struct arena_chunk){.next = arena->chunks, .share = arena->share, .size = size};
	arena->chunks = chunk;
	return chunk;
}

void *arena_alloc(struct arena *arena, size_t size)
{
	struct arena_chunk *chunk = arena->chunks;
	size_t rounded = (size + alignof(max_align_t) - 1) / alignof(max_align_t) * alignof(max_align_t);
	void *memory;

	if (rounded < size)
		chunk = NULL;
	else if (!chunk || chunk->size - chunk->used < rounded)
		chunk = add_chunk(arena, rounded);
	if (!chunk) {
		arena->failed = true;
		return NULL;
	}
	memory = chunk->memory + chunk->used;
	chunk->used += rounded;
	return memset(memory, 0, size);
}

bool arena_reserve(struct arena *arena, size_t size)
{
	if (!budget_take(arena->share, 0, size))
		return false;
	arena->reserved = size;
	return true;
}

struct span arena_copy(struct arena *arena, struct span text)
{
	char *copy = arena_alloc(arena, text.length + 1);

	if (!copy)
		return (struct span){NULL, 0};
	if (text.length > 0)
		memcpy(copy, text.data, text.length);
	return (struct span){copy, text.length};
}
