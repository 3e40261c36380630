/* SPDX-License-Identifier: MIT */
/* check_body.c - waits for the body and reads its content. */
#include "budget.h"
#include "checks.h"
#include "content.h"
#include "respond.h"

/* What an exchange needs of its arena beside the content. */
#define ARENA_REST 4096

/* If the length is declared, reserves memory for the whole body and counts that for the content that is read out of it,
 * or refuses the request before its body is read. Otherwise many that begin at once could leave none of them what it
 * needs to end. */
static bool reserve_body(struct request *request)
{
	size_t length = request->content_length;

	return length == 0 || (buffer_reserve(&request->body, length) &&
			       (length <= BUDGET_FREE || arena_reserve(&request->arena, length + ARENA_REST)));
}

static bool is_of_admin(const struct exchange *exchange)
{
	return route_area(exchange->route) == AREA_ADMIN;
}

static bool reads_body(const struct exchange *exchange)
{
	return exchange_has_method(exchange, SPAN("POST")) ||
	       (is_of_admin(exchange) &&
		(exchange_has_method(exchange, SPAN("PUT")) || exchange_has_method(exchange, SPAN("PATCH"))));
}

static enum http_outcome body_received(struct exchange *exchange)
{
	struct request *request = exchange->request;
	struct buffer detail;
	enum http_outcome outcome = CHECK_PASSED;
	unsigned status;

	if (request->body_too_large)
		return respond_error(exchange, 413, "Request body exceeds the limit of %zu bytes.",
				     exchange->api->max_body_bytes);
	if (request->body_lacks_memory)
		return respond_no_room(request);
	buffer_init(&detail, SIZE_MAX);
	if (is_of_admin(exchange))
		status = content_check_json(request, &detail);
	else if (exchange->route->number)
		status = content_parse_number(request, span_from(exchange->route->number), &exchange->has_number,
					      &exchange->number, &detail);
	else
		status = content_parse(request, &exchange->content, &detail);
	request->arena.failed |= detail.failed;
	if (status)
		outcome = respond_detail(exchange, status, buffer_span(&detail));
	buffer_release(&detail);
	return outcome;
}

enum http_outcome check_body(struct exchange *exchange)
{
	if (!reads_body(exchange))
		return CHECK_PASSED;
	if (!reserve_body(exchange->request))
		return respond_no_room(exchange->request);
	exchange->then = body_received;
	return HTTP_NEED_BODY;
}
