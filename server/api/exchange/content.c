/* SPDX-License-Identifier: MIT */
/* content.c - the field `content` of a request's body, in any of the three body formats. */
#include "content.h"

#include "form.h"
#include "json_body.h"
#include "multipart.h"
#include "negotiate.h"
#include "utf8.h"

#define FIELD "content"

static unsigned parse_json(struct request *request, struct span *content, struct buffer *detail)
{
	return json_body_content(buffer_span(&request->body), &request->arena, content, detail) ? 0 : 400;
}

static unsigned parse_urlencoded(struct request *request, struct span *content, struct buffer *detail)
{
	(void)detail;
	form_find(buffer_span(&request->body), &request->arena, SPAN(FIELD), FORM_LAST, content);
	return 0;
}

static unsigned parse_multipart(struct request *request, struct span *content, struct buffer *detail)
{
	struct multipart_field field;
	unsigned refused = 0;

	if (!multipart_find(request, SPAN(FIELD), &field)) {
		BUFFER_APPEND_LITERAL(detail, "Multipart form parse error - the boundary or a part is malformed.");
		refused = 400;
	} else if (field.is_file) {
		BUFFER_APPEND_LITERAL(detail, "content must be a string.");
		refused = 400;
	} else if (field.found) {
		*content = field.value;
	}
	return refused;
}

static const struct {
	struct span type, subtype;
	unsigned (*parse)(struct request *request, struct span *content, struct buffer *detail);
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

unsigned content_parse(struct request *request, struct span *content, struct buffer *detail)
{
	struct span type = request_header(request, "Content-Type");

	*content = (struct span){"", 0};
	if (request->body.length == 0) /* the same as an empty object, whatever its type */
		return 0;
	for (size_t i = 0; i < ARRAY_LENGTH(formats); i++)
		if (media_type_covers(type, formats[i].type, formats[i].subtype))
			return formats[i].parse(request, content, detail);
	return refuse_type(type, detail);
}

unsigned content_check_json(const struct request *request, struct buffer *detail)
{
	struct span type = request_header(request, "Content-Type");

	if (request->body.length == 0 || media_type_covers(type, SPAN("application"), SPAN("json")))
		return 0;
	return refuse_type(type, detail);
}
