/* SPDX-License-Identifier: MIT */
/* document.c - the OpenAPI document, for the prefix under which the API is mounted. */
#include "document.h"

#include "asset.h"

#include <string.h>

#define WRITTEN_FOR SPAN("/api/dm/") /* the prefix in the text of api.yaml */

static void append_with_prefix(struct buffer *out, struct span text, struct span prefix)
{
	const struct span old = WRITTEN_FOR;
	const char *found;

	while ((found = memmem(text.data, text.length, old.data, old.length))) {
		size_t before = (size_t)(found - text.data);

		buffer_append(out, text.data, before);
		buffer_append_span(out, prefix);
		text.data = found + old.length;
		text.length -= before + old.length;
	}
	buffer_append_span(out, text);
}

bool document_init(struct document *document, struct span prefix)
{
	buffer_init(&document->yaml, SIZE_MAX);
	buffer_init(&document->json, SIZE_MAX);
	append_with_prefix(&document->yaml, asset_find(SPAN("openapi.yaml"))->plain.data, prefix);
	append_with_prefix(&document->json, asset_find(SPAN("openapi.json"))->plain.data, prefix);
	return !document->yaml.failed && !document->json.failed;
}

void document_release(struct document *document)
{
	buffer_release(&document->yaml);
	buffer_release(&document->json);
}
