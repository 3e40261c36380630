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

/* ---- most of a text is copied as it is ----------------------------------------------------------------------- */

#define IN_EACH(byte) (UINT64_C(0x0101010101010101) * (byte))

/* The highest bit of each byte that is below `limit`, which is at most 0x80; and perhaps of bytes above such a one. */
static uint64_t bytes_below(uint64_t word, unsigned char limit)
{
	return (word - IN_EACH(limit)) & ~word & IN_EACH(0x80);
}

static uint64_t bytes_equal(uint64_t word, unsigned char byte)
{
	return bytes_below(word ^ IN_EACH(byte), 1);
}

/* How many bytes at the front need no escape. Eight are looked at together: a page has some thousand. */
static size_t plain_length(const char *text, size_t length)
{
	size_t at = 0;
	uint64_t word;

	for (; length - at >= sizeof(word); at += sizeof(word)) {
		memcpy(&word, text + at, sizeof(word));
		if (bytes_below(word, 0x20) | bytes_equal(word, '"') | bytes_equal(word, '\\') |
		    bytes_equal(word, 0xE2))
			break;
	}
	while (at < length && !may_need_escape((unsigned char)text[at]))
		at++;
	return at;
}

void json_string(struct buffer *out, struct span text)
{
	size_t done = 0, at = 0; /* everything before `done` is written */

	buffer_append_char(out, '"');
	while ((at += plain_length(text.data + at, text.length - at)) < text.length) {
		unsigned char c = (unsigned char)text.data[at];

		if (c == 0xE2 && !is_line_separator(text, at)) {
			at++;
			continue;
		}
		buffer_append(out, text.data + done, at - done);
		if (c != 0xE2)
			escape(out, c);
		else if ((unsigned char)text.data[at + 2] == 0xA8)
			BUFFER_APPEND_LITERAL(out, "\\u2028");
		else
			BUFFER_APPEND_LITERAL(out, "\\u2029");
		at += c == 0xE2 ? 3 : 1;
		done = at;
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
