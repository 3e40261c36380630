/* SPDX-License-Identifier: MIT */
/* json.c - writing JSON straight into a buffer. */
#include "json.h"

#include "timestamp.h"

/* Bytes at which copying stops for a look: to be escaped, or 0xE2, with which U+2028 and U+2029 begin. */
static bool needs_a_look(unsigned char c)
{
	return c < 0x20 || c == '"' || c == '\\' || c == 0xE2;
}

static void escape(struct buffer *out, unsigned char c)
{
	switch (c) {
	case '"':
		BUFFER_APPEND_LITERAL(out, "\\\"");
		break;
	case '\\':
		BUFFER_APPEND_LITERAL(out, "\\\\");
		break;
	case '\b':
		BUFFER_APPEND_LITERAL(out, "\\b");
		break;
	case '\f':
		BUFFER_APPEND_LITERAL(out, "\\f");
		break;
	case '\n':
		BUFFER_APPEND_LITERAL(out, "\\n");
		break;
	case '\r':
		BUFFER_APPEND_LITERAL(out, "\\r");
		break;
	case '\t':
		BUFFER_APPEND_LITERAL(out, "\\t");
		break;
	default:
		buffer_printf(out, "\\u%04x", c);
	}
}

/* U+2028 and U+2029, E2 80 A8 and E2 80 A9, end a line in JavaScript. */
static bool is_line_separator(struct span text, size_t at)
{
	return text.length - at >= 3 && (unsigned char)text.data[at] == 0xE2 &&
	       (unsigned char)text.data[at + 1] == 0x80 && ((unsigned char)text.data[at + 2] & 0xFE) == 0xA8;
}

void json_string(struct buffer *out, struct span text)
{
	size_t done = 0; /* what stands before it is written */

	buffer_append_char(out, '"');
	for (size_t i = 0; i < text.length; i++) {
		unsigned char c = (unsigned char)text.data[i];

		if (!needs_a_look(c) || (c == 0xE2 && !is_line_separator(text, i)))
			continue;
		buffer_append(out, text.data + done, i - done);
		if (c == 0xE2) {
			buffer_printf(out, "\\u20%02x", (unsigned char)text.data[i + 2] - 0x80);
			i += 2;
		} else {
			escape(out, c);
		}
		done = i + 1;
	}
	buffer_append(out, text.data + done, text.length - done);
	buffer_append_char(out, '"');
}

void json_time(struct buffer *out, int64_t microseconds)
{
	char text[TIMESTAMP_SIZE];
	size_t length = timestamp_format(microseconds, 'T', text);

	buffer_append_char(out, '"');
	buffer_append(out, text, length);
	BUFFER_APPEND_LITERAL(out, "Z\"");
}
