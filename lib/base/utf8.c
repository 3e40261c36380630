/* SPDX-License-Identifier: MIT */
/* utf8.c - checking UTF-8 and counting its characters. */
#include "utf8.h"

#include <stdint.h>
#include <string.h>

/* The second byte's range is narrower after some first bytes: no overlong forms, surrogates, or beyond U+10FFFF. */
static bool second_byte_fits(unsigned char first, unsigned char second)
{
	unsigned char low = first == 0xE0 ? 0xA0 : first == 0xF0 ? 0x90 : 0x80;
	unsigned char high = first == 0xED ? 0x9F : first == 0xF4 ? 0x8F : 0xBF;

	return second >= low && second <= high;
}

/* Length of the sequence that starts at s, 0 where it is not valid (RFC 3629, table in section 4). */
static size_t sequence_length(const unsigned char *s, size_t left)
{
	size_t length;

	if (s[0] < 0x80)
		return 1;
	length = s[0] < 0xC2 ? 0 : s[0] < 0xE0 ? 2 : s[0] < 0xF0 ? 3 : s[0] < 0xF5 ? 4 : 0;
	if (length == 0 || left < length || !second_byte_fits(s[0], s[1]))
		return 0;
	for (size_t i = 2; i < length; i++)
		if ((s[i] & 0xC0) != 0x80)
			return 0;
	return length;
}

bool utf8_valid(const char *data, size_t length)
{
	const unsigned char *s = (const unsigned char *)data;

	for (size_t i = 0; i < length;) {
		uint64_t eight;
		size_t step;

		if (length - i >= 8) { /* mostly ASCII: eight bytes at a time */
			memcpy(&eight, s + i, 8);
			if (!(eight & UINT64_C(0x8080808080808080))) {
				i += 8;
				continue;
			}
		}
		step = sequence_length(s + i, length - i);
		if (step == 0)
			return false;
		i += step;
	}
	return true;
}

size_t utf8_count(const char *data, size_t length)
{
	size_t count = 0;

	for (size_t i = 0; i < length; i++)
		count += ((unsigned char)data[i] & 0xC0) != 0x80;
	return count;
}

size_t utf8_prefix(const char *data, size_t length, size_t characters)
{
	size_t end = 0;

	for (; end < length; end++)
		if (((unsigned char)data[end] & 0xC0) != 0x80 && characters-- == 0)
			break;
	return end;
}

void utf8_append_latin1(struct buffer *out, struct span text)
{
	for (size_t i = 0; i < text.length; i++) {
		unsigned char c = (unsigned char)text.data[i];

		if (c >= 0x80)
			buffer_append_char(out, (char)(0xC0 | c >> 6));
		buffer_append_char(out, (char)(c >= 0x80 ? 0x80 | (c & 0x3F) : c));
	}
}

size_t utf8_length(const char *data, size_t left)
{
	return left > 0 ? sequence_length((const unsigned char *)data, left) : 0;
}
