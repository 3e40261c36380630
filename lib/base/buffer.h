/* SPDX-License-Identifier: MIT */
/* buffer.h - bytes that grow up to a ceiling given at birth. */
#ifndef BUFFER_H
#define BUFFER_H

#include "attributes.h"
#include "budget.h"
#include "span.h"

#include <string.h>

/* Appending never fails halfway: once memory or the ceiling is exhausted `failed` is set, every later append does
 * nothing, and whoever uses the whole looks at it once. */
struct buffer {
	char *data; /* owned; NULL while empty */
	size_t length;
	size_t capacity;
	size_t ceiling;
	struct budget_share *share; /* which counts what it holds; NULL: nobody does */
	bool failed;
};

void buffer_init(struct buffer *buffer, size_t ceiling);
void buffer_release(struct buffer *buffer);

/* What the buffer, which is empty, holds from now on is counted there. */
void buffer_charge(struct buffer *buffer, struct budget_share *share);

/* Makes room for `more` bytes and gives the place where they go (then add to length); NULL when there is no room. */
char *buffer_reserve(struct buffer *buffer, size_t more);

void buffer_append_slowly(struct buffer *buffer, const void *data, size_t length); /* where buffer_append needs room */

/* Inline, since a page of JSON is a thousand short pieces. */
static inline void buffer_append(struct buffer *buffer, const void *data, size_t length)
{
	size_t most = buffer->capacity < buffer->ceiling ? buffer->capacity : buffer->ceiling;

	if (length == 0)
		return;
	if (buffer->failed || length > most - buffer->length) {
		buffer_append_slowly(buffer, data, length);
		return;
	}
	memcpy(buffer->data + buffer->length, data, length);
	buffer->length += length;
}

void buffer_append_span(struct buffer *buffer, struct span text);
static inline void buffer_append_char(struct buffer *buffer, char c)
{
	buffer_append(buffer, &c, 1);
}

void buffer_append_int(struct buffer *buffer, int64_t value);
void buffer_printf(struct buffer *buffer, const char *format, ...) PRINTF_LIKE(2, 3);

/* Gives back the memory behind what it holds: for what is kept for a while. */
void buffer_fit(struct buffer *buffer);

/* Gives the memory to the caller (free it; it is counted no more) and leaves the buffer empty. */
char *buffer_take(struct buffer *buffer);

static inline struct span buffer_span(const struct buffer *buffer)
{
	return (struct span){buffer->data, buffer->length};
}

#define BUFFER_APPEND_LITERAL(buffer, literal) buffer_append((buffer), (literal), sizeof(literal) - 1)

#endif
