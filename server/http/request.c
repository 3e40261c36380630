/* SPDX-License-Identifier: MIT */
/* request.c - a request from its first line to its end: made, read, freed. */
#include "request.h"

#include <stdlib.h>
#include <string.h>

static void free_request(struct request *request)
{
	struct response *response = &request->response;

	buffer_release(&request->body);
	buffer_release(&response->body);
	if (response->stream.read)
		response->stream.release(response->stream.context);
	if (request->detach.drop)
		request->detach.drop(request->detach.context);
	arena_release(&request->arena);
	free(request);
}

/* What is kept of a connection: the request that on_completed has not been called for. libmicrohttpd 0.9.75 forgets to
 * where its memory does not hold a request's head. */
struct connection {
	struct request *request;
};

void request_on_connection(void *count, struct MHD_Connection *connection, void **kept_pointer,
			   enum MHD_ConnectionNotificationCode what)
{
	struct connection *kept = *kept_pointer;

	(void)connection;
	if (what == MHD_CONNECTION_NOTIFY_STARTED) {
		atomic_fetch_add_explicit((atomic_size_t *)count, 1, memory_order_relaxed);
		*kept_pointer = calloc(1, sizeof(*kept));
		return;
	}
	atomic_fetch_sub_explicit((atomic_size_t *)count, 1, memory_order_relaxed);
	if (kept && kept->request)
		free_request(kept->request);
	free(kept);
	*kept_pointer = NULL;
}

static struct connection *connection_of(struct MHD_Connection *connection)
{
	return MHD_get_connection_info(connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT)->socket_context;
}

/* libmicrohttpd would cut the query into its own list of parameters next. We never look at that, and where they are
 * more than its memory holds, 0.9.75 neither answers nor calls on_completed. So it is shown one parameter: the text is
 * its own buffer, of this request, and we have our copy. */
static void hide_parameters(char *query)
{
	for (char *c = query; *c; c++)
		if (*c == '&')
			*c = '_';
}

/* The first that we hear of a request: its target, before libmicrohttpd cuts it up. What we return comes back as the
 * request's pointer in all that follows. */
void *request_on_target(void *context, const char *target, struct MHD_Connection *connection)
{
	struct connection *kept = connection_of(connection);
	struct request *request = kept ? calloc(1, sizeof(*request)) : NULL;
	struct span rest;

	if (!request)
		return NULL;
	request->server = context;
	request->http.connection = connection;
	request->target = arena_copy(&request->arena, span_from(target));
	if (!request->target.data) {
		free(request);
		return NULL;
	}
	rest = request->target;
	request->path = span_cut(&rest, '?');
	request->query = rest;
	hide_parameters((char *)target + request->path.length);
	kept->request = request;
	return request;
}

/* How long the body is, as far as it was told. libmicrohttpd has refused what is no number, and otherwise looks at the
 * first length alone; a proxy in front may look at another. */
void request_read_framing(struct request *request)
{
	struct span length = request_header_list(request, MHD_HTTP_HEADER_CONTENT_LENGTH);
	bool chunked = request_header(request, MHD_HTTP_HEADER_TRANSFER_ENCODING).data != NULL;
	int64_t bytes;

	request->ambiguous = length.data && (chunked || memchr(length.data, ',', length.length));
	if (length.data)
		request->content_length = span_to_int64(length, &bytes) ? (uint64_t)bytes : UINT64_MAX;
}

void request_completed(struct MHD_Connection *connection, struct request *request)
{
	connection_of(connection)->request = NULL;
	free_request(request);
}
