/* SPDX-License-Identifier: MIT */
/* document.h - the OpenAPI documents, for the prefix under which the API is mounted. */
#ifndef DOCUMENT_H
#define DOCUMENT_H

#include "attributes.h"
#include "buffer.h"

struct document {
	struct buffer yaml;
	struct buffer json;
};

/* Which document: that of the API, or that of administration. */
#define DOCUMENT_API "openapi"
#define DOCUMENT_ADMIN "admin"

/* `prefix` begins and ends with a slash, and holds nothing that YAML or JSON would escape. False without memory;
 * release it in any case. */
MUST_CHECK bool document_init(struct document *document, const char *which, struct span prefix);
void document_release(struct document *document);

#endif
