/* SPDX-License-Identifier: MIT */
/* request.c - makes a request from its first line, and frees it. */
#include "request.h"

#include <stdlib.h>
#include <string.h>

void request_free(struct request *request)
{
	struct response *response = &request->response;

	buffer_release(&request->body);
	buffer_release(&response->body);
	if (response->source.read)
		response->source.release(response->source.context);
	if (request->detach.drop)
		request->detach.drop(request->detach.context);
	arena_release(&request->arena);
	free(request);
}

/* Next, libmicrohttpd cuts the query into a list of parameters. We never look at that list, and if it does not fit into
 * its memory, 0.9.75 neither responds nor calls on_completed. So we leave it one parameter only: `query` is its own
 * buffer for this request, and we have a copy. */
static void hide_parameters(char *query)
{
	for (char *c = query; *c; c++)
		if (*c == '&')
			*c = '_';
}

/* Cuts "http://host" off a target in absolute form, which clients send to proxies (RFC 9112, 3.2.2). */
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

struct request *request_new(struct connection *client, struct MHD_Connection *connection, char *target)
{
	struct request *request = calloc(1, sizeof(*request));
	struct span rest;

	if (!request)
		return NULL;
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
		hide_parameters(target + (rest.data - request->target.data));
	return request;
}
