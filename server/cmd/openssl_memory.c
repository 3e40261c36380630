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

/* A piece of the reserve. */
struct piece {
	size_t size; /* bytes of `memory` */
	alignas(max_align_t) unsigned char memory[];
};

static alignas(max_align_t) unsigned char reserve[RESERVE_BYTES];
static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER; /* guards these two */
static size_t used;                                       /* bytes of the reserve, from its start */
static size_t pieces;                                     /* that are in use */

static bool is_in_reserve(const void *memory)
{
	return (uintptr_t)memory >= (uintptr_t)reserve && (uintptr_t)memory < (uintptr_t)reserve + sizeof(reserve);
}

static struct piece *piece_of(void *memory)
{
	return (struct piece *)(void *)((unsigned char *)memory - offsetof(struct piece, memory));
}

static void *allocate_from_reserve(size_t size)
{
	struct piece *piece = NULL;
	size_t whole;

	if (size > RESERVE_BYTES / 2)
		return NULL;
	whole = (offsetof(struct piece, memory) + size + alignof(max_align_t) - 1) / alignof(max_align_t) *
		alignof(max_align_t);
	pthread_mutex_lock(&mutex);
	if (whole <= sizeof(reserve) - used) {
		piece = (struct piece *)(void *)(reserve + used);
		piece->size = size;
		used += whole;
		pieces++;
	}
	pthread_mutex_unlock(&mutex);
	return piece ? piece->memory : NULL;
}

/* The reserve is whole again once no piece of it is in use. */
static void release(void *memory, const char *file, int line)
{
	(void)file, (void)line;
	if (!is_in_reserve(memory)) {
		free(memory);
		return;
	}
	pthread_mutex_lock(&mutex);
	if (--pieces == 0)
		used = 0;
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
