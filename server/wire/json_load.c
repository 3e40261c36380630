/* SPDX-License-Identifier: MIT */
/* json_load.c - reads JSON with jansson, in bounded memory.
 *
 * jansson ignores some failed allocations: then the string that it has just read is silently cut short. So its
 * allocator never returns NULL; it leaves jansson with longjmp, back to json_load. */
#include "json_load.h"

#include <pthread.h>
#include <setjmp.h>

struct loading {
	struct arena *memory;
	size_t left; /* bytes that may still be allocated */
	jmp_buf out;
};

static _Thread_local struct loading *loading;

static void *allocate(size_t size)
{
	void *memory;

	if (size > loading->left)
		longjmp(loading->out, JSON_TOO_LARGE);
	memory = arena_alloc(loading->memory, size);
	if (!memory)
		longjmp(loading->out, JSON_OUT_OF_MEMORY);
	loading->left -= size;
	return memory;
}

/* All memory is released with the arena. */
static void release_nothing(void *memory)
{
	(void)memory;
}

static void set_allocator(void)
{
	json_set_alloc_funcs(allocate, release_nothing);
}

static enum json_loaded load(struct span text, size_t flags, json_t **root, json_error_t *error)
{
	switch (setjmp(loading->out)) {
	case 0:
		*root = json_loadb(text.data ? text.data : "", text.length, JSON_DECODE_ANY | JSON_ALLOW_NUL | flags,
				   error);
		return *root ? JSON_LOADED : JSON_MALFORMED;
	case JSON_TOO_LARGE:
		return JSON_TOO_LARGE;
	default:
		return JSON_OUT_OF_MEMORY;
	}
}

enum json_loaded json_load(struct span text, size_t max_bytes, size_t flags, struct arena *memory, json_t **root,
			   json_error_t *error)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;
	struct loading here = {.memory = memory, .left = max_bytes};
	enum json_loaded loaded;

	pthread_once(&once, set_allocator);
	loading = &here;
	loaded = load(text, flags, root, error);
	loading = NULL;
	return loaded;
}
