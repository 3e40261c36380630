/* SPDX-License-Identifier: MIT */
/* json_body.c - reads JSON bodies, with jansson: the content alone as Python would, or members that are all known. */
#include "json_body.h"

#include "json_load.h"
#include "utf8.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Bytes of an unknown member's name that an error quotes. */
#define MAX_QUOTED 100

/* The Python type that a JSON value becomes in the reference. */
static const char *python_type(const json_t *value)
{
	switch (json_typeof(value)) {
	case JSON_OBJECT:
		return "dict";
	case JSON_ARRAY:
		return "list";
	case JSON_STRING:
		return "str";
	case JSON_INTEGER:
		return "int";
	case JSON_REAL:
		return "float";
	case JSON_NULL:
		return "NoneType";
	default:
		return "bool";
	}
}

size_t number_format(double value, char out[NUMBER_SIZE])
{
	char scientific[NUMBER_SIZE], digits[NUMBER_SIZE];
	int precision = 0, exponent, count;

	do /* 17 significant digits always suffice */
		snprintf(scientific, sizeof(scientific), "%.*e", precision++, value);
	while (precision < 17 && strtod(scientific, NULL) != value);
	exponent = atoi(strchr(scientific, 'e') + 1);
	if (exponent >= -4 && exponent < 16) {
		/* As many digits after the point as the shortest form has, at least one. */
		count = precision - 1 - exponent;
		return (size_t)snprintf(out, NUMBER_SIZE, "%.*f", count > 1 ? count : 1, value);
	}
	snprintf(digits, sizeof(digits), "%.*s", (int)(strchr(scientific, 'e') - scientific), scientific);
	return (size_t)snprintf(out, NUMBER_SIZE, "%se%c%02d", digits, exponent < 0 ? '-' : '+', abs(exponent));
}

static bool copy_value(const json_t *value, struct arena *arena, struct span *content, struct buffer *detail)
{
	char number[NUMBER_SIZE];

	*content = (struct span){"", 0};
	if (!value || json_is_null(value) || json_is_false(value) ||
	    (json_is_number(value) && json_number_value(value) == 0.0) ||
	    (json_is_array(value) && json_array_size(value) == 0) ||
	    (json_is_object(value) && json_object_size(value) == 0))
		return true;
	if (json_is_string(value)) {
		*content = arena_copy(arena, (struct span){json_string_value(value), json_string_length(value)});
	} else if (json_is_integer(value)) {
		int length = snprintf(number, sizeof(number), "%" JSON_INTEGER_FORMAT, json_integer_value(value));

		*content = arena_copy(arena, (struct span){number, (size_t)length});
	} else if (json_is_real(value)) {
		*content = arena_copy(arena, (struct span){number, number_format(json_real_value(value), number)});
	} else {
		BUFFER_APPEND_LITERAL(detail, "content must be a string.");
		return false;
	}
	return content->data != NULL;
}

/* Names the place as Python does, in characters; jansson counts bytes. */
static void explain(struct span body, const json_error_t *error, struct buffer *detail)
{
	size_t end = error->position > 0 ? (size_t)error->position : 0;
	size_t line = 1, line_start = 0;

	if (end > body.length)
		end = body.length;
	for (size_t i = 0; i < end; i++) {
		if (body.data[i] == '\n') {
			line++;
			line_start = i + 1;
		}
	}
	buffer_printf(detail, "JSON parse error - %s: line %zu column %zu (char %zu)", error->text, line,
		      utf8_count(body.data + line_start, end - line_start) + 1, utf8_count(body.data, end));
}

/* The place of the closing quote of the string that begins at `start`; the end of the body if it has none. */
static size_t string_end(struct span body, size_t start)
{
	size_t at = start + 1;

	while (at < body.length && body.data[at] != '"')
		at += body.data[at] == '\\' ? 2 : 1;
	return at < body.length ? at : body.length;
}

static bool is_key(struct span body, size_t end)
{
	do
		end++;
	while (end < body.length && memchr(" \t\r\n", body.data[end], 4));
	return end < body.length && body.data[end] == ':';
}

/* Replaces \u0000 by \u0001 in the string from `start` to `end`. */
static void replace_nul(char *text, size_t start, size_t end)
{
	for (size_t at = start + 1; at + 6 <= end; at += text[at] == '\\' ? 2 : 1)
		if (memcmp(text + at, "\\u0000", 6) == 0)
			text[at + 5] = '1';
}

/* jansson refuses keys that contain a NUL. We never look such a key up, so another character in it does no harm. */
static struct span without_nul_in_keys(struct span body, struct arena *arena)
{
	struct span copy = arena_copy(arena, body);

	for (size_t start = 0, end; copy.data && start < copy.length; start = end + 1) {
		end = start;
		if (copy.data[start] != '"')
			continue;
		end = string_end(copy, start);
		if (is_key(copy, end))
			replace_nul((char *)copy.data, start, end); /* the copy is ours */
	}
	return copy;
}

/* jansson's values are far larger than their text: `{}` takes some 200 bytes. A message needs much less than this
 * limit, a hostile body could need much more. */
#define MIN_MEMORY 1048576
#define MEMORY_PER_BYTE 16

static enum json_loaded load(struct span body, size_t flags, struct arena *memory, json_t **root, json_error_t *error)
{
	return json_load(body, MIN_MEMORY + MEMORY_PER_BYTE * body.length, flags, memory, root, error);
}

/* Reads a body with a NUL in a key a second time, from `copy`. */
static enum json_loaded load_any_keys(struct span body, struct arena *memory, struct arena *copy, json_t **root,
				      json_error_t *error)
{
	enum json_loaded loaded = load(body, 0, memory, root, error);
	struct span harmless;

	if (loaded != JSON_MALFORMED || json_error_code(error) != json_error_null_byte_in_key)
		return loaded;
	arena_release(memory);
	harmless = without_nul_in_keys(body, copy);
	return harmless.data ? load(harmless, 0, memory, root, error) : JSON_OUT_OF_MEMORY;
}

static bool copy_content(const json_t *root, struct arena *arena, struct span *content, struct buffer *detail)
{
	if (json_is_object(root))
		return copy_value(json_object_get(root, "content"), arena, content, detail);
	buffer_printf(detail, "Invalid data. Expected a dictionary, but got %s.", python_type(root));
	return false;
}

/* Says why the body can't be used. False: it can. */
static bool refuse(enum json_loaded loaded, struct span body, const json_error_t *error, struct arena *arena,
		   struct buffer *detail)
{
	switch (loaded) {
	case JSON_LOADED:
		return false;
	case JSON_MALFORMED:
		explain(body, error, detail);
		break;
	case JSON_TOO_LARGE:
		BUFFER_APPEND_LITERAL(detail, "The JSON body holds too many values.");
		break;
	default:
		arena->failed = true;
	}
	return true;
}

void json_body_refuse_number(struct span name, struct buffer *detail)
{
	buffer_append_span(detail, name);
	BUFFER_APPEND_LITERAL(detail, " must be a whole number.");
}

static bool read_number(const json_t *value, int64_t *number)
{
	if (json_is_string(value))
		return span_to_int64((struct span){json_string_value(value), json_string_length(value)}, number);
	*number = json_integer_value(value);
	return json_is_integer(value) && *number >= 0;
}

static bool find_number(const json_t *root, struct span name, bool *is_given, int64_t *number, struct buffer *detail)
{
	const json_t *value;

	if (!json_is_object(root)) {
		buffer_printf(detail, "Invalid data. Expected a dictionary, but got %s.", python_type(root));
		return false;
	}
	value = json_object_get(root, name.data);
	*is_given = value != NULL;
	if (!value || read_number(value, number))
		return true;
	json_body_refuse_number(name, detail);
	return false;
}

bool json_body_number(struct span body, struct arena *arena, struct span name, bool *is_given, int64_t *number,
		      struct buffer *detail)
{
	struct arena memory = {0}, copy = {0}; /* not counted in the budget: at most one for each loop */
	json_error_t error;
	json_t *root = NULL;
	enum json_loaded loaded = load_any_keys(body, &memory, &copy, &root, &error);
	bool usable = !refuse(loaded, body, &error, arena, detail) && find_number(root, name, is_given, number, detail);

	arena_release(&memory);
	arena_release(&copy);
	return usable;
}

bool json_body_content(struct span body, struct arena *arena, struct span *content, struct buffer *detail)
{
	struct arena memory = {0}, copy = {0}; /* not counted in the budget: at most one for each loop */
	json_error_t error;
	json_t *root = NULL;
	enum json_loaded loaded = load_any_keys(body, &memory, &copy, &root, &error);
	bool usable = !refuse(loaded, body, &error, arena, detail) && copy_content(root, arena, content, detail);

	arena_release(&memory);
	arena_release(&copy);
	return usable;
}

/* ---- several members ------------------------------------------------------------------------------------------ */

static bool is_list_of_texts(const json_t *value)
{
	bool good = json_is_array(value);

	for (size_t i = 0; good && i < json_array_size(value); i++)
		good = json_is_string(json_array_get(value, i));
	return good;
}

static struct span copy_text(const json_t *text, struct arena *arena)
{
	return arena_copy(arena, (struct span){json_string_value(text), json_string_length(text)});
}

static void copy_texts(const json_t *list, struct json_member *member, struct arena *arena)
{
	size_t count = json_array_size(list);
	struct span *texts = arena_alloc(arena, (count + 1) * sizeof(*texts));

	for (size_t i = 0; texts && i < count; i++)
		texts[i] = copy_text(json_array_get(list, i), arena);
	member->texts = texts;
	member->texts_count = texts ? count : 0;
}

static bool is_of_kind(const json_t *value, enum json_member_kind kind)
{
	switch (kind) {
	case JSON_MEMBER_TEXT:
		return json_is_string(value);
	case JSON_MEMBER_BOOLEAN:
		return json_is_boolean(value);
	case JSON_MEMBER_INTEGER:
		return json_is_integer(value);
	default:
		return is_list_of_texts(value);
	}
}

static bool read_member(const json_t *value, struct json_member *member, struct arena *arena, struct buffer *detail)
{
	static const char *const kinds[] = {[JSON_MEMBER_TEXT] = "string",
					    [JSON_MEMBER_BOOLEAN] = "boolean",
					    [JSON_MEMBER_INTEGER] = "whole number",
					    [JSON_MEMBER_TEXTS] = "list of strings"};
	bool good = is_of_kind(value, member->kind);

	if (!good) {
		buffer_printf(detail, "%s must be a %s.", member->name, kinds[member->kind]);
		return false;
	}
	member->is_given = true;
	if (member->kind == JSON_MEMBER_TEXT)
		member->text = copy_text(value, arena);
	else if (member->kind == JSON_MEMBER_BOOLEAN)
		member->boolean = json_is_true(value);
	else if (member->kind == JSON_MEMBER_INTEGER)
		member->integer = json_integer_value(value);
	else
		copy_texts(value, member, arena);
	return true;
}

static struct json_member *find_member(struct span name, struct json_member *members, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (span_equal(name, span_from(members[i].name)))
			return &members[i];
	return NULL;
}

/* Quotes the name, or as much of a long one as is whole characters. */
static void refuse_member(struct span name, struct buffer *detail)
{
	if (name.length > MAX_QUOTED) {
		name.length = MAX_QUOTED;
		while (((unsigned char)name.data[name.length] & 0xC0) == 0x80)
			name.length--;
	}
	BUFFER_APPEND_LITERAL(detail, "Unknown field \"");
	buffer_append_span(detail, name);
	BUFFER_APPEND_LITERAL(detail, "\".");
}

static bool read_members(json_t *root, struct json_member *members, size_t count, struct arena *arena,
			 struct buffer *detail)
{
	const char *name;
	json_t *value;

	if (!json_is_object(root)) {
		buffer_printf(detail, "Invalid data. Expected a dictionary, but got %s.", python_type(root));
		return false;
	}
	json_object_foreach(root, name, value)
	{
		struct json_member *member = find_member(span_from(name), members, count);

		if (!member) {
			refuse_member(span_from(name), detail);
			return false;
		}
		if (!read_member(value, member, arena, detail))
			return false;
	}
	return true;
}

bool json_body_members(struct span body, struct json_member *members, size_t count, struct arena *arena,
		       struct buffer *detail)
{
	struct arena memory = {0}; /* not counted in the budget: at most one for each loop */
	json_error_t error;
	json_t *root = NULL;
	enum json_loaded loaded;
	bool usable;

	if (body.length == 0)
		return true;
	loaded = load(body, JSON_REJECT_DUPLICATES, &memory, &root, &error);
	usable = !refuse(loaded, body, &error, arena, detail) && read_members(root, members, count, arena, detail);
	arena_release(&memory);
	return usable && !arena->failed;
}
