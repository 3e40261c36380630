/* SPDX-License-Identifier: MIT */
/* document.c - the OpenAPI documents, for the prefix under which the API is mounted. */
#include "document.h"

#include "asset.h"

#include <stdio.h>
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

static void append_form(struct buffer *out, const char *which, const char *form, struct span prefix)
{
	char name[32];

	snprintf(name, sizeof(name), "%s.%s", which, form);
	append_with_prefix(out, asset_find(span_from(name))->plain.data, prefix);
}

bool document_init(struct document *document, const char *which, struct span prefix)
{
	buffer_init(&document->yaml, SIZE_MAX);
	buffer_init(&document->json, SIZE_MAX);
	append_form(&document->yaml, which, "yaml", prefix);
	append_form(&document->json, which, "json", prefix);
	return !document->yaml.failed && !document->json.failed;
}

void document_release(struct document *document)
{
	buffer_release(&document->yaml);
	buffer_release(&document->json);
}
