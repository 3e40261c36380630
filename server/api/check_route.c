/* SPDX-License-Identifier: MIT */
/* check_route.c - checks of what is asked for: the path, a preflight, the media type, the method, the recipient. */
#include "budget.h"
#include "checks.h"
#include "cors.h"
#include "form.h"
#include "negotiate.h"
#include "respond.h"
#include "routes.h"
#include "shapes.h"
#include "utf8.h"

#include <string.h>

#define JSON "application/json"

/* ---- the path ------------------------------------------------------------------------------------------------ */

/* The target with a slash after its path, in the request's arena; data is NULL without memory. */
static struct span with_slash(struct request *request)
{
	struct buffer location;
	struct span copy = {NULL, 0};

	buffer_init(&location, SIZE_MAX);
	uri_append(&location, request->path);
	buffer_append_char(&location, '/');
	if (request->query.data) {
		buffer_append_char(&location, '?');
		uri_append(&location, request->query);
	}
	if (!location.failed)
		copy = arena_copy(&request->arena, buffer_span(&location));
	buffer_release(&location);
	return copy;
}

static enum http_outcome redirect(struct exchange *exchange)
{
	bool reads = exchange->is_head || exchange_has_method(exchange, SPAN("GET"));
	struct span location = with_slash(exchange->request);

	if (!location.data)
		return respond_no_room(exchange->request);
	if (location.length > exchange->api->max_header_bytes) /* the response's head has room for no more */
		return respond_error(exchange, 414,
				     "The URI is too long to be redirected: let its path end with a slash.");
	response_header(&exchange->request->response, "Location", location.data);
	return respond_empty(exchange, reads ? 301 : 308); /* 308: the client repeats the method and the body */
}

static enum http_outcome enter_route(struct exchange *exchange)
{
	const struct route *route = exchange->route;
	struct request *request = exchange->request;

	exchange->content_type = route->content_type ? route->content_type : JSON;
	request->is_routine = route->is_admin;
	if (route_area(route) == AREA_SERVER) {
		exchange->wait_next = WAIT_THEN_LOOP; /* a long step may follow an operation: metrics */
		buffer_charge(&request->response.body, budget_share(exchange->api->public_budget, 0));
	}
	return CHECK_PASSED;
}

/* A name that is not UTF-8, or has a NUL, is nobody's; databases refuse to look for it. */
static void set_target(struct exchange *exchange, const struct path_target *target)
{
	struct arena *arena = &exchange->request->arena;
	struct span name = {NULL, 0};

	if (target->name.data)
		name = percent_decode(arena, target->name, false);
	if (name.data && utf8_valid(name.data, name.length) && !memchr(name.data, '\0', name.length))
		exchange->target_name = name;
	exchange->target_id = target->id;
}

enum http_outcome check_route(struct exchange *exchange)
{
	struct path_target target = {.id = NO_ID};

	switch (route_find(exchange->request->path, exchange, &exchange->route, &target)) {
	case ROUTE_FOUND:
		set_target(exchange, &target);
		return enter_route(exchange);
	case ROUTE_LACKS_SLASH:
		return redirect(exchange);
	default:
		return respond_error(exchange, 404, "Not found.");
	}
}

/* ---- the preflight of a browser ------------------------------------------------------------------------------- */

/* A preflight never has credentials, and any `Accept` will do for a response without a body. */
enum http_outcome check_preflight(struct exchange *exchange)
{
	return cors_is_preflight(exchange) ? respond_empty(exchange, 204) : CHECK_PASSED;
}

/* ---- the media type ------------------------------------------------------------------------------------------ */

enum http_outcome check_accept(struct exchange *exchange)
{
	struct request *request = exchange->request;
	struct span accept = request_header_list(request, "Accept"), format;

	if (exchange->route->negotiates && !exchange_has_method(exchange, SPAN("OPTIONS")))
		return CHECK_PASSED;
	if (exchange_has_method(exchange, SPAN("OPTIONS"))) /* describes the resource, in JSON whatever that is */
		exchange->content_type = JSON;
	if (form_find(request->query, &request->arena, SPAN("format"), FORM_LAST, &format) && format.length > 0 &&
	    !span_equal(format, SPAN("json")))
		return respond_error(exchange, 404, "Not found.");
	if (accept.data && !accepts(accept, span_from(exchange->content_type)))
		return respond_error(exchange, 406, "Could not satisfy the request Accept header.");
	return CHECK_PASSED;
}

/* ---- the method ---------------------------------------------------------------------------------------------- */

enum http_outcome check_options(struct exchange *exchange)
{
	const struct route *route = exchange->route;

	if (!exchange_has_method(exchange, SPAN("OPTIONS")))
		return CHECK_PASSED;
	shape_metadata(&exchange->request->response.body, route->name, route->content_type ? route->content_type : JSON,
		       route_area(route) == AREA_ADMIN, route->actions);
	return respond(exchange, 200);
}

static enum http_outcome refuse_method(struct exchange *exchange)
{
	struct buffer detail;
	enum http_outcome outcome;

	buffer_init(&detail, SIZE_MAX);
	BUFFER_APPEND_LITERAL(&detail, "Method \"");
	utf8_append_latin1(&detail, exchange->request->method);
	BUFFER_APPEND_LITERAL(&detail, "\" not allowed.");
	exchange->request->arena.failed |= detail.failed;
	outcome = respond_detail(exchange, 405, buffer_span(&detail));
	buffer_release(&detail);
	return outcome;
}

enum http_outcome check_method(struct exchange *exchange)
{
	return route_step(exchange->route, exchange->request->method) ? CHECK_PASSED : refuse_method(exchange);
}

/* ---- the recipient ------------------------------------------------------------------------------------------- */

enum http_outcome check_recipient(struct exchange *exchange)
{
	if (!exchange->route->to_user || exchange->target_exists)
		return CHECK_PASSED;
	exchange->operation.status = DM_NOT_FOUND;
	return respond_failure(exchange, NULL);
}
