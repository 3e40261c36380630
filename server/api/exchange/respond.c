/* SPDX-License-Identifier: MIT */
/* respond.c - the responses of the API. */
#include "respond.h"

#include "cors.h"
#include "errors.h"
#include "log.h"
#include "policy.h"
#include "rate_headers.h"
#include "shapes.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define RETRY_AFTER_SECONDS "1"
#define UNAVAILABLE "{\"detail\":\"Service temporarily unavailable.\"}"

const struct response response_no_room = {
	.status = 503,
	.headers = {{"Content-Type", "application/json"},
		    {"Cache-Control", "private, no-cache"},
		    {"X-Content-Type-Options", "nosniff"},
		    {"Retry-After", RETRY_AFTER_SECONDS}},
	.headers_count = 4,
	.lent = {UNAVAILABLE, sizeof(UNAVAILABLE) - 1},
};

/* Adds the route's headers; true if `name` is one of them. */
static bool add_headers_of_route(struct response *response, const struct route *route, const char *name)
{
	bool has = false;

	response_header(response, "Allow", route->allow);
	for (const struct http_header *header = route->headers; header && header->name; header++) {
		response_header(response, header->name, header->value);
		has = has || strcmp(header->name, name) == 0;
	}
	return has;
}

/* The client's own name of the request. */
static void add_request_id(struct request *request)
{
	if (request->request_id.data)
		response_header(&request->response, "X-Request-ID", request->request_id.data);
}

/* The end of every response. One that was made while memory was short may be incomplete and is not sent. */
static enum http_outcome complete(struct exchange *exchange, unsigned status)
{
	struct response *response = &exchange->request->response;

	if (exchange->request->arena.failed || (response->body.failed && !response->lent.data))
		return respond_no_room(exchange->request);
	response->status = status;
	if (!exchange->route || !add_headers_of_route(response, exchange->route, "Cache-Control"))
		response_header(response, "Cache-Control", "private, no-cache");
	response_header(response, "X-Content-Type-Options", "nosniff");
	if (status == 401)
		response_header(response, "WWW-Authenticate",
				exchange->api->challenge ? exchange->api->challenge : exchange->policy->challenge);
	rate_headers_add(exchange);
	add_request_id(exchange->request);
	cors_add_headers(exchange->request);
	return HTTP_RESPOND;
}

enum http_outcome respond_no_room(struct request *request)
{
	const struct exchange *exchange = request->data;
	struct response *response = &request->response;

	log_line(LOG_WARNING, EXCHANGE_NO_ROOM);
	if (exchange && exchange->is_stored)
		return HTTP_DROP;
	if (response->source.read)
		response->source.release(response->source.context);
	buffer_release(&response->body);
	*response = response_no_room;
	if (exchange && exchange->route)
		response_header(response, "Allow", exchange->route->allow);
	add_request_id(request);
	cors_add_headers(request);
	return HTTP_RESPOND;
}

enum http_outcome respond(struct exchange *exchange, unsigned status)
{
	response_header(&exchange->request->response, "Content-Type", exchange->content_type);
	return complete(exchange, status);
}

enum http_outcome respond_lent(struct exchange *exchange, unsigned status, struct span body)
{
	exchange->request->response.lent = body;
	return respond(exchange, status);
}

enum http_outcome respond_empty(struct exchange *exchange, unsigned status)
{
	return complete(exchange, status);
}

enum http_outcome respond_source(struct exchange *exchange, unsigned status, const struct http_body_source *source)
{
	exchange->request->response.source = *source;
	return respond(exchange, status);
}

enum http_outcome respond_detached(struct exchange *exchange, unsigned status)
{
	enum http_outcome outcome = respond(exchange, status);

	return outcome == HTTP_RESPOND && exchange->request->response.status == status ? HTTP_DETACH : outcome;
}

enum http_outcome respond_detail(struct exchange *exchange, unsigned status, struct span detail)
{
	struct response *response = &exchange->request->response;

	buffer_release(&response->body);
	shape_error(&response->body, detail);
	response_header(response, "Content-Type", "application/json");
	if (status == 503)
		response_header(response, "Retry-After", RETRY_AFTER_SECONDS);
	return complete(exchange, status);
}

enum http_outcome respond_refusal(struct exchange *exchange, unsigned status, const char *json)
{
	struct response *response = &exchange->request->response;

	response->lent = span_from(json);
	response_header(response, "Content-Type", "application/json");
	return complete(exchange, status);
}

enum http_outcome respond_error(struct exchange *exchange, unsigned status, const char *format, ...)
{
	char detail[512];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(detail, sizeof(detail), format, arguments);
	va_end(arguments);
	return respond_detail(exchange, status, span_from(detail));
}

enum http_outcome respond_failure(struct exchange *exchange, const char *not_found)
{
	const struct dm_operation *operation = &exchange->operation;
	const struct error_response *known = error_response(operation->status);
	const char *detail = known->detail ? known->detail : operation->error.message;

	if (known->status >= 500)
		log_line(known->retry_later ? LOG_WARNING : LOG_ERROR, "%s", operation->error.message);
	if (operation->status == DM_NOT_FOUND && not_found)
		detail = not_found;
	if (exchange->is_stored)
		return HTTP_DROP;
	return respond_error(exchange, known->status, "%s", detail);
}
