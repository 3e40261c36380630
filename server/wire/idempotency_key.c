/* SPDX-License-Identifier: MIT */
/* idempotency_key.c - the header Idempotency-Key. `"abc"` is the same key as `abc`. */
#include "idempotency_key.h"

#include <string.h>

#define MAX_LENGTH 255

static bool is_printable(char c)
{
	return c >= ' ' && c <= '~';
}

/* Removes the quotes and backslashes of a quoted string that ends where the value does. False: it is none. */
static bool unquote(struct span value, char *out, size_t *length)
{
	size_t at = 1;

	*length = 0;
	for (; at < value.length && value.data[at] != '"'; at++) {
		if (value.data[at] == '\\') {
			at++;
			if (at == value.length || (value.data[at] != '"' && value.data[at] != '\\'))
				return false;
		}
		out[(*length)++] = value.data[at];
	}
	return at + 1 == value.length;
}

bool idempotency_key_parse(struct span value, struct arena *arena, const char **key)
{
	struct span trimmed = span_trim(value);
	bool is_quoted = trimmed.length > 0 && trimmed.data[0] == '"';
	size_t length = trimmed.length;
	char *text;

	*key = NULL;
	if (trimmed.length > 2 * MAX_LENGTH + 2)
		return false;
	text = arena_alloc(arena, trimmed.length + 1);
	if (!text)
		return false;
	if (!is_quoted)
		memcpy(text, trimmed.data, length);
	else if (!unquote(trimmed, text, &length))
		return false;
	text[length] = '\0';
	for (size_t i = 0; i < length; i++)
		if (!is_printable(text[i]))
			return false;
	*key = text;
	return length > 0 && length <= MAX_LENGTH;
}
