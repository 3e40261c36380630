/* SPDX-License-Identifier: MIT */
/* multipart.c - the fields of a multipart/form-data body, read as Django reads them.
 *
 * The whole body is in memory; nothing of it is copied except parameters with escapes. Each byte is looked at a few
 * times at most, whatever the body holds. */
#include "multipart.h"

#include "header.h"
#include "parameters.h"

#include <string.h>

#define MAX_BOUNDARY_LENGTH 201

/* A body that is cut in two at a boundary. */
struct cut {
	struct span before; /* without the line end that belongs to the boundary */
	struct span behind; /* from the end of the boundary's line */
	bool is_last;
};

/* A part, with those of its headers that matter. */
struct part {
	bool has_name, is_file, is_base64;
	struct span name;
	struct span data;
};

static const char *end_of(struct span text)
{
	return text.data + text.length;
}

static struct span from(struct span text, const char *place)
{
	return (struct span){place, (size_t)(end_of(text) - place)};
}

/* ---- boundaries ---------------------------------------------------------------------------------------------- */

/* Whether the "--boundary" at `place` is a line of its own, but for blanks at its end and the "--" of the last one.
 * Sets cut->behind and cut->is_last. */
static bool is_boundary(struct span body, const char *place, size_t length, struct cut *cut)
{
	const char *behind = place + length, *end = end_of(body);

	if (place > body.data && place[-1] != '\n')
		return false;
	cut->is_last = end - behind >= 2 && memcmp(behind, "--", 2) == 0;
	if (cut->is_last)
		behind += 2;
	while (behind < end && (*behind == ' ' || *behind == '\t'))
		behind++;
	cut->behind = from(body, behind);
	return behind == end || *behind == '\n' || (*behind == '\r' && end - behind >= 2 && behind[1] == '\n');
}

/* Cuts the body at the next boundary from `since` on, which lies within it. */
static bool find_boundary(struct span body, const char *since, struct span separator, struct cut *cut)
{
	const char *place = since;

	while ((place = memmem(place, (size_t)(end_of(body) - place), separator.data, separator.length))) {
		if (is_boundary(body, place, separator.length, cut)) {
			cut->before = (struct span){since, (size_t)(place - since)};
			if (cut->before.length > 0 && end_of(cut->before)[-1] == '\n')
				cut->before.length--;
			if (cut->before.length > 0 && end_of(cut->before)[-1] == '\r')
				cut->before.length--;
			return true;
		}
		place = memchr(place, '\n', (size_t)(end_of(body) - place)); /* a boundary begins a line */
		if (!place)
			return false;
		place++;
	}
	return false;
}

/* "--" and the boundary that Content-Type names; data is NULL if it names no valid one. */
static struct span separator_of(struct request *request)
{
	struct span type = request_header(request, "Content-Type");
	struct span boundary = parameter_find(type, SPAN("boundary"), &request->arena);
	char *text;

	if (boundary.length == 0 || boundary.length > MAX_BOUNDARY_LENGTH || end_of(boundary)[-1] == ' ')
		return (struct span){NULL, 0};
	for (size_t i = 0; i < boundary.length; i++)
		if (boundary.data[i] < ' ' || boundary.data[i] > '~')
			return (struct span){NULL, 0};
	text = arena_alloc(&request->arena, boundary.length + 2);
	if (!text)
		return (struct span){NULL, 0};
	memcpy(text, "--", 2);
	memcpy(text + 2, boundary.data, boundary.length);
	return (struct span){text, boundary.length + 2};
}

/* ---- parts --------------------------------------------------------------------------------------------------- */

static void parse_header(struct part *part, struct span line, struct arena *arena)
{
	struct span value = parameters_main(line);
	struct span header = span_cut(&value, ':');

	if (span_equal_nocase(header, SPAN("content-transfer-encoding")))
		part->is_base64 = span_equal_nocase(span_strip(value), SPAN("base64"));
	if (!span_equal_nocase(header, SPAN("content-disposition")) || !value.data)
		return;
	part->name = parameter_find(line, SPAN("name"), arena);
	part->has_name = part->name.data != NULL;
	part->is_file = parameter_find(line, SPAN("filename"), arena).length > 0;
}

/* Reads a part, which goes from the end of its boundary's line to the next boundary. False: its headers have no end. */
static bool parse_part(struct part *part, struct span text, struct arena *arena)
{
	const char *end = memmem(text.data, text.length, "\r\n\r\n", 4);
	struct span headers = {text.data, end ? (size_t)(end - text.data) : 0};

	*part = (struct part){.data = end ? from(text, end + 4) : text};
	while (headers.length > 0) {
		const char *line_end = memmem(headers.data, headers.length, "\r\n", 2);
		struct span line = {headers.data, line_end ? (size_t)(line_end - headers.data) : headers.length};

		parse_header(part, span_strip(line), arena);
		headers = from(headers, line_end ? line_end + 2 : end_of(headers));
	}
	return end != NULL;
}

bool multipart_find(struct request *request, struct span name, struct multipart_field *field)
{
	struct span body = {request->body.data, request->body.length}, separator = separator_of(request);
	struct cut cut;

	*field = (struct multipart_field){.found = false};
	if (!separator.data || !find_boundary(body, body.data, separator, &cut))
		return false;
	while (!cut.is_last) {
		struct span rest = cut.behind;
		struct part part;

		if (!find_boundary(body, rest.data, separator, &cut))
			return span_strip(rest).length ==
			       0; /* the last part has no end: the body may have been cut off */
		if (!parse_part(&part, cut.before, &request->arena) || !part.has_name ||
		    !span_equal(span_strip(part.name), name))
			continue;
		if (part.is_base64 && !part.is_file)
			return false; /* abolished by RFC 7578; the content would be stored undecoded */
		field->found = true;
		field->is_file |= part.is_file; /* in any order: Django looks at files after all fields */
		field->value = part.data;
	}
	return true;
}
