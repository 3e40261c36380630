/* SPDX-License-Identifier: MIT */
/* openssl_memory.c - memory for OpenSSL, with a reserve for when the system has none. */
#include "openssl_memory.h"

#include <malloc.h>
#include <openssl/crypto.h>
#include <pthread.h>
#include <stdalign.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/* OpenSSL 3.0 sets itself up once, in the first thread that uses it. Where an allocation fails meanwhile it does not
 * try again: from then on it refuses to work, or it follows a null pointer. With the first TLS connection the setup
 * takes 1.8 MB. No page of the reserve is resident before it is used. */
#define RESERVE_BYTES (4 * 1024 * 1024)

/* The reserve is a row of pieces without gaps. */
struct piece {
	size_t size; /* bytes of `memory`; 0: nothing was taken from the reserve yet */
	bool is_used;
	alignas(max_align_t) unsigned char memory[];
};

#define HEAD offsetof(struct piece, memory)

static alignas(max_align_t) unsigned char reserve[RESERVE_BYTES];
static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER; /* guards the heads of the pieces */

static _Thread_local unsigned long failures;

unsigned long openssl_memory_failures(void)
{
	return failures;
}

static bool is_in_reserve(const void *memory)
{
	return (uintptr_t)memory >= (uintptr_t)reserve && (uintptr_t)memory < (uintptr_t)reserve + sizeof(reserve);
}

static struct piece *piece_of(void *memory)
{
	return (struct piece *)(void *)((unsigned char *)memory - HEAD);
}

/* The piece behind this one; NULL behind the last. */
static struct piece *piece_after(struct piece *piece)
{
	unsigned char *end = piece->memory + piece->size;

	return is_in_reserve(end) ? (struct piece *)(void *)end : NULL;
}

/* Joins a free piece with the free ones behind it. */
static void join(struct piece *piece)
{
	struct piece *after;

	while ((after = piece_after(piece)) && !after->is_used)
		piece->size += HEAD + after->size;
}

/* Cuts a free piece of at least `size` bytes to that size; what is left is a piece of its own, if it can be one. */
static void cut(struct piece *piece, size_t size)
{
	size_t left = piece->size - size;

	if (left <= HEAD)
		return;
	piece->size = size;
	*piece_after(piece) = (struct piece){.size = left - HEAD};
}

/* The first free piece that is large enough: OpenSSL keeps some for ever, so others must be good for use again. */
static struct piece *find_piece(size_t size)
{
	struct piece *piece = (struct piece *)(void *)reserve;

	if (piece->size == 0)
		piece->size = sizeof(reserve) - HEAD;
	for (; piece; piece = piece_after(piece)) {
		if (piece->is_used)
			continue;
		join(piece);
		if (piece->size >= size)
			return piece;
	}
	return NULL;
}

static void *fail(void)
{
	failures++;
	return NULL;
}

static void *allocate_from_reserve(size_t size)
{
	struct piece *piece;

	if (size == 0 || size > RESERVE_BYTES / 2)
		return fail();
	size = (size + alignof(max_align_t) - 1) / alignof(max_align_t) * alignof(max_align_t);
	pthread_mutex_lock(&mutex);
	piece = find_piece(size);
	if (piece) {
		cut(piece, size);
		piece->is_used = true;
	}
	pthread_mutex_unlock(&mutex);
	return piece ? piece->memory : fail();
}

static void release(void *memory, const char *file, int line)
{
	(void)file, (void)line;
	if (!is_in_reserve(memory)) {
		free(memory);
		return;
	}
	pthread_mutex_lock(&mutex);
	piece_of(memory)->is_used = false;
	pthread_mutex_unlock(&mutex);
}

static void *allocate(size_t size, const char *file, int line)
{
	void *memory = malloc(size);

	(void)file, (void)line;
	return memory ? memory : allocate_from_reserve(size);
}

/* As realloc; a size of 0 frees. */
static void *resize(void *old, size_t size, const char *file, int line)
{
	size_t kept;
	void *memory;

	if (!old)
		return allocate(size, file, line);
	if (size == 0) {
		release(old, file, line);
		return NULL;
	}
	if (is_in_reserve(old)) {
		kept = piece_of(old)->size;
		memory = allocate(size, file, line);
	} else {
		memory = realloc(old, size);
		if (memory)
			return memory;
		kept = malloc_usable_size(old);
		memory = allocate_from_reserve(size);
	}
	if (!memory)
		return NULL;
	memcpy(memory, old, kept < size ? kept : size);
	release(old, file, line);
	return memory;
}

void openssl_memory_begin(void)
{
	/* Where OpenSSL has allocated before it refuses this, and works without a reserve. */
	(void)CRYPTO_set_mem_functions(allocate, resize, release);
}
