/* SPDX-License-Identifier: MIT */
/* exchange.c - waiting for an operation, and the answers. */
#include "exchange.h"

#include "errors.h"
#include "log.h"
#include "routes.h"
#include "shapes.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define RETRY_AFTER_SECONDS "1"
#define UNAVAILABLE "{\"detail\":\"Service temporarily unavailable.\"}"
#define NO_ROOM "no room for a body or an answer; see DIRECTMESSAGES_MAX_BUFFER_BYTES, or give the server more memory"

const struct response exchange_no_room = {
	.status = 503,
	.headers = {{"Content-Type", "application/json"},
		    {"Cache-Control", "private, no-cache"},
		    {"X-Content-Type-Options", "nosniff"},
		    {"Retry-After", RETRY_AFTER_SECONDS}},
	.headers_count = 4,
	.lent = {UNAVAILABLE, sizeof(UNAVAILABLE) - 1},
};

struct dm_operation *exchange_operation(struct exchange *exchange, enum dm_operation_kind kind)
{
	exchange->operation = (struct dm_operation){.kind = kind, .user_id = exchange->user_id, .context = exchange};
	return &exchange->operation;
}

static void operation_done(struct dm_operation *operation)
{
	struct exchange *exchange = operation->context;

	if (exchange->goes_on)
		request_go_on(exchange->request);
	else
		request_wake(exchange->request);
}

static enum http_outcome go_on(struct request *request)
{
	struct exchange *exchange = request->data;

	return exchange->then(exchange);
}

void exchange_wait_begin(struct exchange *exchange, exchange_step *then)
{
	exchange->then = then;
	exchange->request->step = go_on;
	request_wait_begin(exchange->request);
}

enum http_outcome exchange_wait(struct exchange *exchange)
{
	return request_wait_is_over(exchange->request) ? exchange->then(exchange) : HTTP_WAIT;
}

enum http_outcome exchange_await(struct exchange *exchange, exchange_step *then)
{
	if (exchange->request->arena.failed) { /* what it is to be asked may not be what the client said */
		exchange->operation.status = DM_NO_MEMORY;
		snprintf(exchange->operation.error.message, sizeof(exchange->operation.error.message), "%s", NO_ROOM);
		return then(exchange);
	}
	exchange->operation.done = operation_done;
	exchange_wait_begin(exchange, then);
	dm_submit(exchange->api->handle, &exchange->operation);
	return exchange_wait(exchange);
}

/* Adds the route's headers; false where none of them is this one. */
static bool add_headers_of_route(struct response *response, const struct route *route, const char *asked)
{
	bool has = false;

	response_header(response, "Allow", route->allow);
	for (const struct http_header *header = route->headers; header && header->name; header++) {
		response_header(response, header->name, header->value);
		has = has || strcmp(header->name, asked) == 0;
	}
	return has;
}

/* Each response ends here. What was made while memory was short is not sent. */
static enum http_outcome complete(struct exchange *exchange, unsigned status)
{
	struct response *response = &exchange->request->response;

	if (exchange->request->arena.failed || (response->body.failed && !response->lent.data))
		return answer_no_room(exchange->request);
	response->status = status;
	if (!exchange->route || !add_headers_of_route(response, exchange->route, "Cache-Control"))
		response_header(response, "Cache-Control", "private, no-cache");
	response_header(response, "X-Content-Type-Options", "nosniff");
	if (status == 401)
		response_header(response, "WWW-Authenticate", "Token");
	return HTTP_RESPOND;
}

enum http_outcome answer_no_room(struct request *request)
{
	const struct exchange *exchange = request->data;
	struct response *response = &request->response;

	log_line(LOG_WARNING, NO_ROOM);
	if (exchange && exchange->is_stored)
		return HTTP_DROP;
	if (response->source.read)
		response->source.release(response->source.context);
	buffer_release(&response->body);
	*response = exchange_no_room;
	if (exchange && exchange->route)
		response_header(response, "Allow", exchange->route->allow);
	return HTTP_RESPOND;
}

enum http_outcome answer(struct exchange *exchange, unsigned status)
{
	response_header(&exchange->request->response, "Content-Type", exchange->content_type);
	return complete(exchange, status);
}

enum http_outcome answer_lent(struct exchange *exchange, unsigned status, struct span body)
{
	exchange->request->response.lent = body;
	return answer(exchange, status);
}

enum http_outcome answer_empty(struct exchange *exchange, unsigned status)
{
	return complete(exchange, status);
}

enum http_outcome answer_stream(struct exchange *exchange, unsigned status, const struct http_body_source *stream)
{
	exchange->request->response.source = *stream;
	return answer(exchange, status);
}

enum http_outcome answer_detached(struct exchange *exchange, unsigned status)
{
	enum http_outcome outcome = answer(exchange, status);

	return outcome == HTTP_RESPOND && exchange->request->response.status == status ? HTTP_DETACH : outcome;
}

enum http_outcome answer_detail(struct exchange *exchange, unsigned status, struct span detail)
{
	struct response *response = &exchange->request->response;

	buffer_release(&response->body);
	shape_error(&response->body, detail);
	response_header(response, "Content-Type", "application/json");
	if (status == 503)
		response_header(response, "Retry-After", RETRY_AFTER_SECONDS);
	return complete(exchange, status);
}

enum http_outcome answer_error(struct exchange *exchange, unsigned status, const char *format, ...)
{
	char detail[512];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(detail, sizeof(detail), format, arguments);
	va_end(arguments);
	return answer_detail(exchange, status, span_from(detail));
}

enum http_outcome answer_failure(struct exchange *exchange, const char *not_found)
{
	const struct dm_operation *operation = &exchange->operation;
	const struct error_answer *known = error_answer(operation->status);
	const char *detail = known->detail ? known->detail : operation->error.message;

	if (known->status >= 500)
		log_line(known->retry_later ? LOG_WARNING : LOG_ERROR, "%s", operation->error.message);
	if (operation->status == DM_NOT_FOUND && not_found)
		detail = not_found;
	if (exchange->is_stored)
		return HTTP_DROP;
	return answer_error(exchange, known->status, "%s", detail);
}
