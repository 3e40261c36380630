/* SPDX-License-Identifier: MIT */
/* buffer.h - bytes that grow up to a ceiling. */
#ifndef BUFFER_H
#define BUFFER_H

#include "attributes.h"
#include "budget.h"
#include "span.h"

#include <string.h>

/* An append that finds no memory, or would pass the ceiling, sets `failed` and appends nothing; so do all later ones.
 * Check `failed` once, before the whole is used. */
struct buffer {
	char *data; /* owned; NULL while empty */
	size_t length;
	size_t capacity;
	size_t ceiling;
	struct budget_share *share; /* counts what the buffer holds; NULL: nobody counts it */
	bool failed;
};

void buffer_init(struct buffer *buffer, size_t ceiling);
void buffer_release(struct buffer *buffer);

/* From now on what the buffer holds is counted in this share. It must be empty now. */
void buffer_charge(struct buffer *buffer, struct budget_share *share);

/* Makes room for `more` bytes and gives the place where they go; the caller then adds to length. NULL: no room. */
char *buffer_reserve(struct buffer *buffer, size_t more);

void buffer_append_slowly(struct buffer *buffer, const void *data, size_t length); /* if buffer_append needs room */

/* Inline: a page of JSON is a thousand short pieces. */
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

/* Frees the memory that the contents do not need: for contents that are kept for a while. */
void buffer_fit(struct buffer *buffer);

/* Gives the memory to the caller, who frees it; it is no longer counted. Leaves the buffer empty. */
char *buffer_take(struct buffer *buffer);

static inline struct span buffer_span(const struct buffer *buffer)
{
	return (struct span){buffer->data, buffer->length};
}

#define BUFFER_APPEND_LITERAL(buffer, literal) buffer_append((buffer), (literal), sizeof(literal) - 1)

#endif
