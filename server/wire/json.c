/* SPDX-License-Identifier: MIT */
/* json.c - writes JSON straight into a buffer. */
#include "json.h"

#include "timestamp.h"

/* Bytes at which copying stops: those to be escaped, and 0xE2, the first byte of U+2028 and U+2029. */
static bool may_need_escape(unsigned char c)
{
	return c < 0x20 || c == '"' || c == '\\' || c == 0xE2;
}

/* How control characters are written: those without a letter of their own take six bytes. */
#define CONTROL(digits) "\\u00" digits
static const char controls[0x20][7] = {
	/* clang-format off */
	CONTROL("00"), CONTROL("01"), CONTROL("02"), CONTROL("03"), CONTROL("04"), CONTROL("05"), CONTROL("06"), CONTROL("07"),
	"\\b",         "\\t",         "\\n",         CONTROL("0b"), "\\f",         "\\r",         CONTROL("0e"), CONTROL("0f"),
	CONTROL("10"), CONTROL("11"), CONTROL("12"), CONTROL("13"), CONTROL("14"), CONTROL("15"), CONTROL("16"), CONTROL("17"),
	CONTROL("18"), CONTROL("19"), CONTROL("1a"), CONTROL("1b"), CONTROL("1c"), CONTROL("1d"), CONTROL("1e"), CONTROL("1f"),
	/* clang-format on */
};

static void escape(struct buffer *out, unsigned char c)
{
	char quoted[2] = {'\\', (char)c};

	if (c < 0x20)
		buffer_append(out, controls[c], controls[c][2] ? 6 : 2);
	else
		buffer_append(out, quoted, 2);
}

/* U+2028 and U+2029, E2 80 A8 and E2 80 A9, end a line in JavaScript. */
static bool is_line_separator(struct span text, size_t at)
{
	return text.length - at >= 3 && (unsigned char)text.data[at] == 0xE2 &&
	       (unsigned char)text.data[at + 1] == 0x80 && ((unsigned char)text.data[at + 2] & 0xFE) == 0xA8;
}

void json_string(struct buffer *out, struct span text)
{
	size_t done = 0; /* everything before this is written */

	buffer_append_char(out, '"');
	for (size_t i = 0; i < text.length; i++) {
		unsigned char c = (unsigned char)text.data[i];

		if (!may_need_escape(c) || (c == 0xE2 && !is_line_separator(text, i)))
			continue;
		buffer_append(out, text.data + done, i - done);
		if (c == 0xE2) {
			if ((unsigned char)text.data[i + 2] == 0xA8)
				BUFFER_APPEND_LITERAL(out, "\\u2028");
			else
				BUFFER_APPEND_LITERAL(out, "\\u2029");
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
