/* SPDX-License-Identifier: MIT */
/* correlation.c - what a client calls its request. */
#include "correlation.h"

#include "header.h"
#include "traceparent.h"

#include <string.h>

#define MAX_ID 128

/* Of UUIDs, base64 and the like: nothing that a log or a header could misread. */
static bool is_of_id(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	       (c != '\0' && strchr("._~:/+=@-", c));
}

static bool is_id(struct span text)
{
	for (size_t i = 0; i < text.length; i++)
		if (!is_of_id(text.data[i]))
			return false;
	return text.length > 0 && text.length <= MAX_ID;
}

void correlation_read(struct request *request)
{
	struct span id, parent;

	if (request_header_count(request, "X-Request-ID", &id) == 1 && is_id(id))
		request->request_id = arena_copy(&request->arena, id);
	if (request_header_count(request, "traceparent", &parent) == 1 && traceparent_is_good(parent)) {
		request->traceparent = arena_copy(&request->arena, (struct span){parent.data, TRACEPARENT_LENGTH});
		if (request->traceparent.data)
			request->trace_id = (struct span){request->traceparent.data + TRACEPARENT_TRACE_AT,
							  TRACEPARENT_TRACE_LENGTH};
	}
}
