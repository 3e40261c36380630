/* SPDX-License-Identifier: MIT */
/* schema.c - GET /api/schema/: the OpenAPI document as YAML or JSON, chosen as drf-spectacular does. */
#include "docs_resources.h"
#include "document.h"
#include "form.h"
#include "negotiate.h"
#include "respond.h"

static const struct media_type offered[] = {
	{{"application", 11}, {"vnd.oai.openapi", 15}},
	{{"application", 11}, {"yaml", 4}},
	{{"application", 11}, {"vnd.oai.openapi+json", 20}},
	{{"application", 11}, {"json", 4}},
};
static const char *const content_types[] = {
	"application/vnd.oai.openapi; charset=utf-8",
	"application/yaml; charset=utf-8",
	"application/vnd.oai.openapi+json",
	"application/json",
};
#define FIRST_JSON 2

enum http_outcome schema_get(struct exchange *exchange)
{
	const struct document *document = exchange->api->document;
	struct request *request = exchange->request;
	struct span accept = request_header_list(request, "Accept"), format;
	size_t from = 0, to = ARRAY_LENGTH(offered), chosen;

	response_header(&request->response, "Vary", "Accept");
	if (!form_find(request->query, &request->arena, SPAN("format"), FORM_LAST, &format) || format.length == 0)
		format = (struct span){NULL, 0};
	else if (span_equal(format, SPAN("yaml")))
		to = FIRST_JSON;
	else if (span_equal(format, SPAN("json")))
		from = FIRST_JSON;
	else
		document = NULL;
	if (!document)
		return respond_error(exchange, 404, "Not found.");
	chosen = from + accepts_which(accept.data ? accept : SPAN("*/*"), offered + from, to - from);
	if (chosen == to)
		return respond_error(exchange, 406, "Could not satisfy the request Accept header.");
	exchange->content_type = content_types[chosen];
	response_header(&request->response, "Content-Disposition",
			chosen < FIRST_JSON ? "inline; filename=\"schema.yaml\"" : "inline; filename=\"schema.json\"");
	return respond_lent(exchange, 200, buffer_span(chosen < FIRST_JSON ? &document->yaml : &document->json));
}
