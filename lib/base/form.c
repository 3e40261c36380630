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

/* Whether the text begins with '%' and two hex digits. */
static bool is_escape(struct span text, size_t at)
{
	return text.data[at] == '%' && at + 2 < text.length && hex_value(text.data[at + 1]) >= 0 &&
	       hex_value(text.data[at + 2]) >= 0;
}

/* Decodes the byte at *at and moves *at behind it. */
static char decode_byte(struct span text, size_t *at, bool plus_is_blank)
{
	char c = text.data[*at];

	if (is_escape(text, *at)) {
		c = (char)(hex_value(text.data[*at + 1]) * 16 + hex_value(text.data[*at + 2]));
		*at += 2;
	} else if (c == '+' && plus_is_blank) {
		c = ' ';
	}
	++*at;
	return c;
}

char percent_cut(struct span *text)
{
	size_t length = 0;
	char c = decode_byte(*text, &length, false);

	text->data += length;
	text->length -= length;
	return c;
}

struct span percent_decode(struct arena *arena, struct span text, bool plus_is_blank)
{
	char *out = arena_alloc(arena, text.length + 1);
	size_t length = 0;

	if (!out)
		return (struct span){NULL, 0};
	for (size_t at = 0; at < text.length;)
		out[length++] = decode_byte(text, &at, plus_is_blank);
	return (struct span){out, length};
}

static bool decodes_to(struct span text, struct span wanted)
{
	size_t length = 0;

	for (size_t at = 0; at < text.length; length++)
		if (length == wanted.length || decode_byte(text, &at, true) != wanted.data[length])
			return false;
	return length == wanted.length;
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

/* Cuts the next name=value off *rest, without decoding. False: *rest is at its end. */
static bool next_pair(struct span *rest, struct span *name, struct span *value)
{
	while (rest->length > 0) {
		*value = span_cut(rest, '&');
		*name = span_cut(value, '=');
		if (name->length > 0 || value->length > 0 || value->data)
			return true;
	}
	return false;
}

bool form_next(struct span *rest, struct arena *arena, struct span *name, struct span *value)
{
	if (!next_pair(rest, name, value))
		return false;
	*name = percent_decode(arena, *name, true);
	*value = percent_decode(arena, *value, true);
	return true;
}

bool form_find(struct span form, struct arena *arena, struct span name, enum form_pick pick, struct span *value)
{
	struct span found_name, found_value, found = {NULL, 0};
	bool has = false;

	while (!(has && pick == FORM_FIRST) && next_pair(&form, &found_name, &found_value)) {
		if (!decodes_to(found_name, name))
			continue;
		found = found_value;
		has = true;
	}
	if (has)
		*value = percent_decode(arena, found, true);
	return has;
}
