/* SPDX-License-Identifier: MIT */
/* cursor.c - a place in an ordered list, in the form of Django REST Framework's CursorPagination. */
#include "cursor.h"

#include "form.h"
#include "timestamp.h"

#include <openssl/evp.h>
#include <string.h>

/* The reference lowers larger offsets to this. */
#define MAX_OFFSET 1000

static int base64_value(char c)
{
	static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	const char *found = c != '\0' ? strchr(alphabet, c) : NULL;

	return found ? (int)(found - alphabet) : -1;
}

/* As Python's b64decode, which the reference uses, not as OpenSSL's: skips bytes that are not base64 and ignores what
 * follows the padding. False: the last group of four digits is incomplete. */
static bool base64_decode(struct span encoded, struct arena *arena, struct span *decoded)
{
	char *out = arena_alloc(arena, encoded.length + 1);
	unsigned bits = 0, digits = 0, pads = 0;
	size_t length = 0;

	for (size_t i = 0; out && i < encoded.length; i++) {
		int value = base64_value(encoded.data[i]);

		if ((unsigned char)encoded.data[i] >= 0x80)
			return false;
		if (encoded.data[i] == '=') {
			if (digits >= 2 && digits + ++pads >= 4) {
				digits = 0;
				break;
			}
			continue;
		}
		if (value < 0)
			continue;
		pads = 0;
		bits = bits << 6 | (unsigned)value;
		digits = (digits + 1) % 4;
		if (digits != 1) /* 2, 3 and 4 digits complete a byte each */
			out[length++] = (char)(bits >> (digits == 2 ? 4 : digits == 3 ? 2 : 0));
	}
	*decoded = (struct span){out, length};
	return out && digits == 0;
}

/* A decimal number as Python's int() reads it, but without underscores. */
static bool parse_int(struct span text, int64_t *value)
{
	bool negative;

	text = span_trim(text);
	negative = text.length > 0 && *text.data == '-';
	if (negative || (text.length > 0 && *text.data == '+')) {
		text.data++;
		text.length--;
	}
	if (!span_to_int64(text, value))
		return false;
	*value = negative ? -*value : *value;
	return true;
}

static bool parse_position(struct span text, enum cursor_kind kind, int64_t *position)
{
	return kind == CURSOR_TIME ? timestamp_parse(text, position) : parse_int(text, position);
}

static bool is_ascii(struct span text)
{
	for (size_t i = 0; i < text.length; i++)
		if ((unsigned char)text.data[i] >= 0x80)
			return false;
	return true;
}

/* Exactly a row, or the beginning of the list. */
static bool is_one_way(const struct dm_page *page)
{
	return !page->reverse && page->offset == 0 && page->has_position == (page->row_id != 0);
}

bool cursor_decode(struct span encoded, enum cursor_kind kind, struct arena *arena, struct dm_page *page)
{
	struct span form, value;
	int64_t number;

	if (!base64_decode(encoded, arena, &form) || !is_ascii(form))
		return false;
	if (form_find(form, arena, SPAN("o"), FORM_FIRST, &value)) {
		if (!parse_int(value, &number) || number < 0)
			return false;
		page->offset = number > MAX_OFFSET ? MAX_OFFSET : (uint64_t)number;
	}
	if (form_find(form, arena, SPAN("r"), FORM_FIRST, &value)) {
		if (!parse_int(value, &number))
			return false;
		page->reverse = number != 0;
	}
	if (form_find(form, arena, SPAN("p"), FORM_FIRST, &value)) {
		if (!parse_position(value, kind, &page->position))
			return false;
		page->has_position = true;
	}
	if (kind != CURSOR_ID && form_find(form, arena, SPAN("i"), FORM_FIRST, &value) &&
	    !parse_int(value, &page->row_id))
		return false;
	return kind != CURSOR_ACTIVITY || is_one_way(page);
}

static void append_position(struct buffer *out, int64_t position, enum cursor_kind kind)
{
	char text[TIMESTAMP_SIZE];

	if (kind != CURSOR_TIME) {
		buffer_append_int(out, position);
		return;
	}
	form_encode(out, (struct span){text, timestamp_format(position, ' ', text)});
	BUFFER_APPEND_LITERAL(out, "%2B00%3A00");
}

void cursor_encode(struct buffer *out, const struct dm_page *place, enum cursor_kind kind)
{
	struct buffer form;
	char *base64;

	buffer_init(&form, 256);
	if (place->offset > 0)
		buffer_printf(&form, "&o=%llu", (unsigned long long)place->offset);
	if (place->reverse)
		BUFFER_APPEND_LITERAL(&form, "&r=1");
	if (place->has_position) {
		BUFFER_APPEND_LITERAL(&form, "&p=");
		append_position(&form, place->position, kind);
	}
	if (place->row_id != 0) {
		BUFFER_APPEND_LITERAL(&form, "&i=");
		buffer_append_int(&form, place->row_id);
	}
	base64 = buffer_reserve(out, form.length / 3 * 4 + 5);
	if (base64 && form.length > 0)
		out->length += (size_t)EVP_EncodeBlock((unsigned char *)base64, (const unsigned char *)form.data + 1,
						       (int)form.length - 1);
	out->failed |= form.failed;
	buffer_release(&form);
}
