/* SPDX-License-Identifier: MIT */
/* header.c - a request's headers. */
#include "header.h"

#include <microhttpd.h>

struct span request_header(const struct request *request, const char *name)
{
	return span_from(MHD_lookup_connection_value(request->http.connection, MHD_HEADER_KIND, name));
}

struct header_count {
	struct span name, value;
	unsigned times;
};

static enum MHD_Result count_header(void *context, enum MHD_ValueKind kind, const char *name, const char *value)
{
	struct header_count *count = context;

	(void)kind;
	if (span_equal_nocase(span_from(name), count->name) && count->times++ == 0)
		count->value = span_from(value);
	return MHD_YES;
}

unsigned request_header_count(const struct request *request, const char *name, struct span *value)
{
	struct header_count count = {.name = span_from(name)};

	MHD_get_connection_values(request->http.connection, MHD_HEADER_KIND, count_header, &count);
	*value = count.value;
	return count.times;
}

struct header_list {
	const char *name;
	struct buffer joined;
	bool sent;
};

static enum MHD_Result join_header(void *context, enum MHD_ValueKind kind, const char *name, const char *value)
{
	struct header_list *list = context;

	(void)kind;
	if (!span_equal_nocase(span_from(name), span_from(list->name)))
		return MHD_YES;
	if (list->sent)
		buffer_append_char(&list->joined, ',');
	buffer_append_span(&list->joined, span_from(value));
	list->sent = true;
	return MHD_YES;
}

struct span request_header_list(struct request *request, const char *name)
{
	struct header_list list = {.name = name};
	struct span copy = {NULL, 0};

	buffer_init(&list.joined, SIZE_MAX);
	MHD_get_connection_values(request->http.connection, MHD_HEADER_KIND, join_header, &list);
	request->arena.failed |= list.joined.failed;
	if (list.sent)
		copy = arena_copy(&request->arena, buffer_span(&list.joined));
	buffer_release(&list.joined);
	return copy;
}
