/* SPDX-License-Identifier: MIT */
/* json_body.c - reading the content out of a JSON body, by jansson. */
#include "json_body.h"

#include "utf8.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Python's names of what a JSON value becomes there. */
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

static bool take_value(const json_t *value, struct arena *arena, struct span *content, struct buffer *detail)
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

/* jansson counts bytes; the place is given as Python gives it, in characters. */
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

bool json_body_content(struct span body, struct arena *arena, struct span *content, struct buffer *detail)
{
	json_error_t error;
	json_t *root = json_loadb(body.data ? body.data : "", body.length, JSON_DECODE_ANY | JSON_ALLOW_NUL, &error);
	bool usable = false;

	if (!root) {
		explain(body, &error, detail);
		return false;
	}
	if (json_is_object(root))
		usable = take_value(json_object_get(root, "content"), arena, content, detail);
	else
		buffer_printf(detail, "Invalid data. Expected a dictionary, but got %s.", python_type(root));
	json_decref(root);
	return usable;
}
