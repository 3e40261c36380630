/* SPDX-License-Identifier: MIT */
/* correlation.c - what a client calls its request. */
#include "correlation.h"

#include "header.h"

#include <string.h>

#define MAX_ID 128

/* "00-" trace id "-" parent id "-" flags */
#define TRACE_AT 3
#define TRACE_LENGTH 32
#define PARENT_AT 36
#define PARENT_LENGTH 16
#define FLAGS_AT 53
#define TRACEPARENT_LENGTH 55

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

static bool is_hex(const char *text, size_t length)
{
	for (size_t i = 0; i < length; i++)
		if (!((text[i] >= '0' && text[i] <= '9') || (text[i] >= 'a' && text[i] <= 'f')))
			return false;
	return true;
}

static bool is_zero(const char *text, size_t length)
{
	for (size_t i = 0; i < length; i++)
		if (text[i] != '0')
			return false;
	return true;
}

/* A later version may be longer; what this one has is at the same place in it. */
static bool is_traceparent(struct span text)
{
	const char *data = text.data;

	if (text.length < TRACEPARENT_LENGTH || !is_hex(data, 2) || memcmp(data, "ff", 2) == 0)
		return false;
	if (text.length > TRACEPARENT_LENGTH && (memcmp(data, "00", 2) == 0 || data[TRACEPARENT_LENGTH] != '-'))
		return false;
	return data[TRACE_AT - 1] == '-' && data[PARENT_AT - 1] == '-' && data[FLAGS_AT - 1] == '-' &&
	       is_hex(data + TRACE_AT, TRACE_LENGTH) && !is_zero(data + TRACE_AT, TRACE_LENGTH) &&
	       is_hex(data + PARENT_AT, PARENT_LENGTH) && !is_zero(data + PARENT_AT, PARENT_LENGTH) &&
	       is_hex(data + FLAGS_AT, 2);
}

void correlation_read(struct request *request)
{
	struct span id, parent;

	if (request_header_count(request, "X-Request-ID", &id) == 1 && is_id(id))
		request->request_id = arena_copy(&request->arena, id);
	if (request_header_count(request, "traceparent", &parent) == 1 && is_traceparent(parent))
		request->trace_id = arena_copy(&request->arena, (struct span){parent.data + TRACE_AT, TRACE_LENGTH});
}
