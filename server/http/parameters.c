/* SPDX-License-Identifier: MIT */
/* parameters.c - the parameters of a header's value, read as Python's email package, which Django uses, reads them. */
#include "parameters.h"

#include "form.h"

#include <string.h>

#define MAX_SECTIONS 32 /* in which a value may come (RFC 2231, 3) */

/* name*=value, name*NUMBER=value or name*NUMBER*=value. */
struct section {
	int64_t number; /* -1 for the first form */
	struct span value;
	bool is_escaped;
};

struct sections {
	struct section section[MAX_SECTIONS]; /* by number */
	size_t count;
};

/* ---- texts --------------------------------------------------------------------------------------------------- */

/* Cuts the text before the next ';' that is not within quotes off *rest, whose data is NULL after the last one. */
static struct span cut_parameter(struct span *rest)
{
	struct span part = *rest;
	bool is_quoted = false;

	for (size_t i = 0; i < part.length; i++) {
		if (part.data[i] == '"' && (i == 0 || part.data[i - 1] != '\\'))
			is_quoted = !is_quoted;
		if (part.data[i] != ';' || is_quoted)
			continue;
		rest->data += i + 1;
		rest->length -= i + 1;
		part.length = i;
		return part;
	}
	*rest = (struct span){NULL, 0};
	return part;
}

/* Removes, in place, each '\' before the character `of`; returns the new length. */
static size_t drop_escapes(char *text, size_t length, char of)
{
	size_t kept = 0;

	for (size_t i = 0; i < length; i++) {
		if (text[i] == '\\' && i + 1 < length && text[i + 1] == of)
			i++;
		text[kept++] = text[i];
	}
	return kept;
}

/* The value without the quotes or angle brackets around it, and without the escapes within quotes. */
static struct span unquote(struct span value, struct arena *arena)
{
	char first, last;

	if (value.length < 2)
		return value;
	first = value.data[0];
	last = value.data[value.length - 1];
	if (!((first == '"' && last == '"') || (first == '<' && last == '>')))
		return value;
	value.data++;
	value.length -= 2;
	if (first == '"' && value.length > 0 && memchr(value.data, '\\', value.length)) {
		value = arena_copy(arena, value);
		if (value.data)
			value.length = drop_escapes((char *)value.data, value.length, '\\');
		if (value.data)
			value.length = drop_escapes((char *)value.data, value.length, '"');
	}
	return value;
}

/* ---- RFC 2231 ------------------------------------------------------------------------------------------------ */

/* Reads what follows the name of a parameter. False: the name goes on, so it is another one. */
static bool parse_section(struct span behind, struct section *section)
{
	if (behind.data[0] != '*')
		return false;
	section->number = -1;
	section->is_escaped = behind.data[behind.length - 1] == '*';
	behind.data++;
	behind.length--;
	if (behind.length == 0)
		return true;
	behind.length -= section->is_escaped;
	return span_to_int64(behind, &section->number);
}

static void add_section(struct sections *sections, const struct section *added)
{
	size_t place = sections->count;

	if (sections->count == MAX_SECTIONS)
		return;
	for (; place > 0 && sections->section[place - 1].number > added->number; place--)
		sections->section[place] = sections->section[place - 1];
	sections->section[place] = *added;
	sections->count++;
}

/* All sections joined; without the charset and the language if one of them is escaped. */
static struct span join_sections(const struct sections *sections, struct arena *arena)
{
	struct span joined, rest;
	bool is_escaped = false;
	size_t length = 0;
	char *text;

	for (size_t i = 0; i < sections->count; i++)
		length += sections->section[i].value.length;
	text = arena_alloc(arena, length + 1);
	if (!text)
		return (struct span){NULL, 0};
	joined = (struct span){text, 0};
	for (size_t i = 0; i < sections->count; i++) {
		const struct section *section = &sections->section[i];
		struct span value = section->value;

		if (section->is_escaped)
			value = percent_decode(arena, value, false);
		if (value.length > 0)
			memcpy(text + joined.length, value.data, value.length);
		joined.length += value.length;
		is_escaped |= section->is_escaped;
	}
	rest = joined;
	if (!is_escaped)
		return joined;
	span_cut(&rest, '\'');
	if (rest.data)
		span_cut(&rest, '\'');
	return rest.data ? rest : joined;
}

/* ---- parameters ---------------------------------------------------------------------------------------------- */

struct span parameters_main(struct span line)
{
	return span_strip(cut_parameter(&line));
}

struct span parameter_find(struct span line, struct span name, struct arena *arena)
{
	struct sections sections = {.count = 0};
	struct span found = {NULL, 0};

	cut_parameter(&line);
	while (line.data) {
		struct span value = cut_parameter(&line);
		struct span written = span_strip(span_cut(&value, '='));
		struct section section;

		if (written.length < name.length || !span_equal_nocase((struct span){written.data, name.length}, name))
			continue;
		value = value.data ? unquote(span_strip(value), arena) : SPAN("");
		section.value = value;
		if (written.length == name.length)
			found = value;
		else if (parse_section((struct span){written.data + name.length, written.length - name.length},
				       &section))
			add_section(&sections, &section);
	}
	return sections.count > 0 ? join_sections(&sections, arena) : found;
}
