/* SPDX-License-Identifier: MIT */
/* buffer.c - bytes that grow up to a ceiling. */
#include "buffer.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SMALLEST 256

void buffer_init(struct buffer *buffer, size_t ceiling)
{
	*buffer = (struct buffer){.ceiling = ceiling};
}

void buffer_release(struct buffer *buffer)
{
	free(buffer_take(buffer));
}

void buffer_charge(struct buffer *buffer, struct budget_share *share)
{
	buffer_release(buffer);
	buffer->share = share;
}

static bool grow(struct buffer *buffer, size_t more)
{
	size_t capacity = buffer->capacity > 0 ? 2 * buffer->capacity : SMALLEST;
	char *data;

	if (capacity - buffer->length < more)
		capacity = buffer->length + more;
	if (capacity > buffer->ceiling)
		capacity = buffer->ceiling;
	if (!budget_take(buffer->share, buffer->capacity, capacity))
		return false;
	data = realloc(buffer->data, capacity);
	if (!data) {
		budget_give(buffer->share, capacity, buffer->capacity);
		return false;
	}
	buffer->data = data;
	buffer->capacity = capacity;
	return true;
}

char *buffer_reserve(struct buffer *buffer, size_t more)
{
	if (buffer->failed)
		return NULL;
	/* The capacity may be larger than the ceiling, so check the ceiling first. */
	if (more > buffer->ceiling - buffer->length ||
	    (buffer->capacity - buffer->length < more && !grow(buffer, more))) {
		buffer->failed = true;
		return NULL;
	}
	return buffer->data + buffer->length;
}

void buffer_append_slowly(struct buffer *buffer, const void *data, size_t length)
{
	char *place = buffer_reserve(buffer, length);

	if (place) {
		memcpy(place, data, length);
		buffer->length += length;
	}
}

void buffer_append_span(struct buffer *buffer, struct span text)
{
	buffer_append(buffer, text.data, text.length);
}

void buffer_append_int(struct buffer *buffer, int64_t value)
{
	char digits[20], *end = digits + sizeof(digits), *start = end;
	uint64_t rest = value < 0 ? 0 - (uint64_t)value : (uint64_t)value;

	do {
		*--start = (char)('0' + rest % 10);
		rest /= 10;
	} while (rest > 0);
	if (value < 0)
		buffer_append_char(buffer, '-');
	buffer_append(buffer, start, (size_t)(end - start));
}

void buffer_printf(struct buffer *buffer, const char *format, ...)
{
	va_list arguments;
	char *place;
	int length;

	va_start(arguments, format);
	length = vsnprintf(NULL, 0, format, arguments);
	va_end(arguments);
	place = length >= 0 ? buffer_reserve(buffer, (size_t)length + 1) : NULL;
	if (!place) {
		buffer->failed = true;
		return;
	}
	va_start(arguments, format);
	vsnprintf(place, (size_t)length + 1, format, arguments);
	va_end(arguments);
	buffer->length += (size_t)length;
}

void buffer_fit(struct buffer *buffer)
{
	char *data = buffer->length > 0 ? realloc(buffer->data, buffer->length) : NULL;

	if (!data)
		return;
	buffer->data = data;
	budget_give(buffer->share, buffer->capacity, buffer->length);
	buffer->capacity = buffer->length;
}

char *buffer_take(struct buffer *buffer)
{
	struct budget_share *share = buffer->share;
	char *data = buffer->data;

	budget_give(share, buffer->capacity, 0);
	buffer_init(buffer, buffer->ceiling);
	buffer->share = share;
	return data;
}
