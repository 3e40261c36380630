/* SPDX-License-Identifier: MIT */
/* span.c - comparing and cutting bytes. */
#include "span.h"

#include <string.h>
#include <strings.h>

struct span span_from(const char *text)
{
	return (struct span){text, text ? strlen(text) : 0};
}

bool span_equal(struct span a, struct span b)
{
	return a.length == b.length && (a.length == 0 || memcmp(a.data, b.data, a.length) == 0);
}

bool span_equal_nocase(struct span a, struct span b)
{
	return a.length == b.length && (a.length == 0 || strncasecmp(a.data, b.data, a.length) == 0);
}

static bool is_one_of(char c, const char *set)
{
	return c != '\0' && strchr(set, c);
}

static struct span without(struct span text, const char *ends)
{
	while (text.length > 0 && is_one_of(*text.data, ends)) {
		text.data++;
		text.length--;
	}
	while (text.length > 0 && is_one_of(text.data[text.length - 1], ends))
		text.length--;
	return text;
}

struct span span_trim(struct span text)
{
	return without(text, " \t");
}

struct span span_strip(struct span text)
{
	return without(text, " \t\r\n\v\f");
}

bool span_is_token(struct span text)
{
	for (size_t i = 0; i < text.length; i++) {
		char c = text.data[i];

		if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-' || (c >= '0' && c <= '9') ||
		      is_one_of(c, "!#$%&'*+.^_`|~")))
			return false;
	}
	return text.length > 0;
}

struct span span_cut(struct span *rest, char separator)
{
	const char *end = rest->length > 0 ? memchr(rest->data, separator, rest->length) : NULL;
	struct span part = *rest;

	if (!end) {
		*rest = (struct span){NULL, 0};
		return part;
	}
	part.length = (size_t)(end - part.data);
	rest->data = end + 1;
	rest->length -= part.length + 1;
	return part;
}

bool span_to_int64(struct span digits, int64_t *value)
{
	int64_t number = 0;

	if (digits.length == 0)
		return false;
	for (size_t i = 0; i < digits.length; i++) {
		if (digits.data[i] < '0' || digits.data[i] > '9')
			return false;
		if (__builtin_mul_overflow(number, 10, &number) ||
		    __builtin_add_overflow(number, digits.data[i] - '0', &number))
			return false;
	}
	*value = number;
	return true;
}
