/* SPDX-License-Identifier: MIT */
/* utf8.c - is it UTF-8, and how many characters. */
#include "utf8.h"

#include <stdint.h>
#include <string.h>

/* Length of the sequence that starts at s, 0 where it is not valid (RFC 3629, table in section 4). */
static size_t sequence_length(const unsigned char *s, size_t left)
{
	unsigned char low = 0x80, high = 0xBF; /* range of the second byte */
	size_t length;

	if (s[0] < 0x80)
		return 1;
	if (s[0] >= 0xC2 && s[0] <= 0xDF)
		length = 2;
	else if ((s[0] & 0xF0) == 0xE0)
		length = 3;
	else if (s[0] >= 0xF0 && s[0] <= 0xF4)
		length = 4;
	else
		return 0;
	if (s[0] == 0xE0)
		low = 0xA0;
	else if (s[0] == 0xED)
		high = 0x9F;
	else if (s[0] == 0xF0)
		low = 0x90;
	else if (s[0] == 0xF4)
		high = 0x8F;
	if (left < length || s[1] < low || s[1] > high)
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

void utf8_append_latin1(struct buffer *out, struct span text)
{
	for (size_t i = 0; i < text.length; i++) {
		unsigned char c = (unsigned char)text.data[i];

		if (c >= 0x80)
			buffer_append_char(out, (char)(0xC0 | c >> 6));
		buffer_append_char(out, (char)(c >= 0x80 ? 0x80 | (c & 0x3F) : c));
	}
}
