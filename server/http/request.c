/* SPDX-License-Identifier: MIT */
/* request.c - a request from its first line to its end: made, read, freed. */
#include "request.h"

#include "connection.h"

#include <stdlib.h>
#include <string.h>

void request_free(struct request *request)
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

/* libmicrohttpd would cut the query into its own list of parameters next. We never look at that, and where they are
 * more than its memory holds, 0.9.75 neither answers nor calls on_completed. So it is shown one parameter: the text is
 * its own buffer, of this request, and we have our copy. */
static void hide_parameters(char *query)
{
	for (char *c = query; *c; c++)
		if (*c == '&')
			*c = '_';
}

/* Cuts "http://host" off a target in absolute form, as a client sends it to a proxy (RFC 9112, 3.2.2). */
static struct span cut_authority(struct request *request)
{
	struct span rest = request->target, scheme;
	bool is_https;

	if (rest.length > 0 && *rest.data == '/')
		return rest;
	scheme = span_cut(&rest, ':');
	is_https = span_equal_nocase(scheme, SPAN("https"));
	if ((!is_https && !span_equal_nocase(scheme, SPAN("http"))) || rest.length < 2 ||
	    memcmp(rest.data, "//", 2) != 0)
		return request->target;
	rest.data += 2;
	rest.length -= 2;
	request->is_https = is_https;
	request->authority = rest;
	while (rest.length > 0 && *rest.data != '/' && *rest.data != '?') {
		rest.data++;
		rest.length--;
	}
	request->authority.length -= rest.length;
	return rest;
}

/* The first that we hear of a request: its target, before libmicrohttpd cuts it up. What we return comes back as the
 * request's pointer in all that follows. */
void *request_on_target(void *context, const char *target, struct MHD_Connection *connection)
{
	struct connection *client = connection_of(connection);
	struct request *request = calloc(1, sizeof(*request));
	struct span rest;

	if (!request)
		return NULL;
	request->server = context;
	request->http.connection = connection;
	request->http.client = client;
	request->target = arena_copy(&request->arena, span_from(target));
	if (!request->target.data) {
		free(request);
		return NULL;
	}
	rest = cut_authority(request);
	request->path = span_cut(&rest, '?');
	if (request->path.length == 0)
		request->path = SPAN("/");
	request->query = rest;
	if (rest.data)
		hide_parameters((char *)target + (rest.data - request->target.data));
	client->request = request;
	return request;
}
