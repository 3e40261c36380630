/* SPDX-License-Identifier: MIT */
/* form.c - application/x-www-form-urlencoded. */
#include "form.h"

#include <string.h>

static int hex_value(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

/* Whether a '%' and two hex digits stand there. */
static bool is_escape(struct span text, size_t at)
{
	return text.data[at] == '%' && at + 2 < text.length && hex_value(text.data[at + 1]) >= 0 &&
	       hex_value(text.data[at + 2]) >= 0;
}

struct span percent_decode(struct arena *arena, struct span text, bool plus_is_blank)
{
	char *out = arena_alloc(arena, text.length + 1);
	size_t length = 0;

	if (!out)
		return (struct span){NULL, 0};
	for (size_t i = 0; i < text.length; i++) {
		char c = text.data[i];

		if (is_escape(text, i)) {
			c = (char)(hex_value(text.data[i + 1]) * 16 + hex_value(text.data[i + 2]));
			i += 2;
		} else if (c == '+' && plus_is_blank) {
			c = ' ';
		}
		out[length++] = c;
	}
	return (struct span){out, length};
}

static bool is_unreserved(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '.' ||
	       c == '-' || c == '~';
}

static void append_escape(struct buffer *out, unsigned char c)
{
	static const char digits[] = "0123456789ABCDEF";

	buffer_append_char(out, '%');
	buffer_append_char(out, digits[c >> 4]);
	buffer_append_char(out, digits[c & 15]);
}

void form_encode(struct buffer *out, struct span text)
{
	for (size_t i = 0; i < text.length; i++) {
		unsigned char c = (unsigned char)text.data[i];

		if (is_unreserved((char)c)) {
			buffer_append_char(out, (char)c);
		} else if (c == ' ') {
			buffer_append_char(out, '+');
		} else {
			append_escape(out, c);
		}
	}
}

void uri_append(struct buffer *out, struct span text)
{
	for (size_t i = 0; i < text.length; i++) {
		char c = text.data[i];

		if (is_unreserved(c) || is_escape(text, i) || (c != '\0' && strchr("!$&'()*+,;=:@/?[]", c)))
			buffer_append_char(out, c);
		else
			append_escape(out, (unsigned char)c);
	}
}

bool form_next(struct span *rest, struct arena *arena, struct span *name, struct span *value)
{
	while (rest->length > 0) {
		struct span pair = span_cut(rest, '&');
		struct span raw_name = span_cut(&pair, '=');

		if (raw_name.length == 0 && pair.length == 0 && !pair.data)
			continue;
		*name = percent_decode(arena, raw_name, true);
		*value = percent_decode(arena, pair, true);
		return true;
	}
	return false;
}

bool form_find(struct span form, struct arena *arena, struct span name, enum form_pick pick, struct span *value)
{
	struct span found_name, found_value;
	bool found = false;

	while (form_next(&form, arena, &found_name, &found_value)) {
		if (!span_equal(found_name, name))
			continue;
		*value = found_value;
		found = true;
		if (pick == FORM_FIRST)
			break;
	}
	return found;
}
