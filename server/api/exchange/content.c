/* SPDX-License-Identifier: MIT */
/* content.c - a field of a request's body, in any of the three body formats. */
#include "content.h"

#include "form.h"
#include "json_body.h"
#include "multipart.h"
#include "negotiate.h"
#include "utf8.h"

/* A field that is looked for. */
struct field {
	struct span name;
	bool is_number;

	bool is_given;
	struct span text;
	int64_t number; /* if it is one */
};

static unsigned parse_json(struct request *request, struct field *field, struct buffer *detail)
{
	struct span body = buffer_span(&request->body);
	bool good = field->is_number ? json_body_number(body, &request->arena, field->name, &field->is_given,
							&field->number, detail)
				     : json_body_content(body, &request->arena, &field->text, detail);

	return good ? 0 : 400;
}

/* A number in a form is a text. */
static unsigned read_number(struct field *field, struct buffer *detail)
{
	if (!field->is_number || !field->is_given || span_to_int64(field->text, &field->number))
		return 0;
	json_body_refuse_number(field->name, detail);
	return 400;
}

static unsigned parse_urlencoded(struct request *request, struct field *field, struct buffer *detail)
{
	field->is_given = form_find(buffer_span(&request->body), &request->arena, field->name, FORM_LAST, &field->text);
	return read_number(field, detail);
}

static unsigned parse_multipart(struct request *request, struct field *field, struct buffer *detail)
{
	struct multipart_field found;

	if (!multipart_find(request, field->name, &found)) {
		BUFFER_APPEND_LITERAL(detail, "Multipart form parse error - the boundary or a part is malformed.");
		return 400;
	}
	if (found.is_file) {
		if (field->is_number)
			json_body_refuse_number(field->name, detail);
		else
			BUFFER_APPEND_LITERAL(detail, "content must be a string.");
		return 400;
	}
	field->is_given = found.found;
	if (found.found)
		field->text = found.value;
	return read_number(field, detail);
}

static const struct {
	struct span type, subtype;
	unsigned (*parse)(struct request *request, struct field *field, struct buffer *detail);
} formats[] = {
	{{"application", 11}, {"json", 4}, parse_json},
	{{"application", 11}, {"x-www-form-urlencoded", 21}, parse_urlencoded},
	{{"multipart", 9}, {"form-data", 9}, parse_multipart},
};

static unsigned refuse_type(struct span type, struct buffer *detail)
{
	BUFFER_APPEND_LITERAL(detail, "Unsupported media type \"");
	utf8_append_latin1(detail, type);
	BUFFER_APPEND_LITERAL(detail, "\" in request.");
	return 415;
}

static unsigned parse(struct request *request, struct field *field, struct buffer *detail)
{
	struct span type = request_header(request, "Content-Type");

	field->text = (struct span){"", 0};
	if (request->body.length == 0) /* the same as an empty object, whatever its type */
		return 0;
	for (size_t i = 0; i < ARRAY_LENGTH(formats); i++)
		if (media_type_covers(type, formats[i].type, formats[i].subtype))
			return formats[i].parse(request, field, detail);
	return refuse_type(type, detail);
}

unsigned content_parse(struct request *request, struct span *content, struct buffer *detail)
{
	struct field field = {.name = SPAN("content")};
	unsigned refused = parse(request, &field, detail);

	*content = field.text;
	return refused;
}

unsigned content_parse_number(struct request *request, struct span name, bool *is_given, int64_t *number,
			      struct buffer *detail)
{
	struct field field = {.name = name, .is_number = true};
	unsigned refused = parse(request, &field, detail);

	*is_given = field.is_given;
	*number = field.number;
	return refused;
}

unsigned content_check_json(const struct request *request, struct buffer *detail)
{
	struct span type = request_header(request, "Content-Type");

	if (request->body.length == 0 || media_type_covers(type, SPAN("application"), SPAN("json")))
		return 0;
	return refuse_type(type, detail);
}
