/* SPDX-License-Identifier: MIT */
/* pipeline.c - the way of every request: size, path, Accept, authentication, method, recipient, body, resource. The
 * order is the contract's: whatever comes first decides the answer. Paths of the server itself leave it after the path.
 */
#include "pipeline.h"

#include "content.h"
#include "form.h"
#include "links.h"
#include "monitor.h"
#include "negotiate.h"
#include "routes.h"
#include "shapes.h"
#include "token.h"
#include "utf8.h"

/* What else than a content an exchange may put into its arena. */
#define ARENA_REST 4096

static exchange_step find_route, run_public, negotiate, authenticate, ticket_taken, identified, check_method, want_body,
	run_post;
static http_step body_is_there;

static struct exchange *exchange_of(struct request *request)
{
	struct exchange *exchange = arena_alloc(&request->arena, sizeof(*exchange));
	static const struct exchange none;

	if (!exchange)
		return NULL;
	*exchange = none;
	exchange->request = request;
	exchange->api = request->context;
	exchange->is_head = span_equal(request->method, SPAN("HEAD"));
	exchange->path = percent_decode(&request->arena, request->path, false);
	request->data = exchange;
	return exchange;
}

static enum http_outcome begin(struct exchange *exchange)
{
	struct request *request = exchange->request;

	if (request->refusal.status)
		return answer_error(exchange, request->refusal.status, "%s", request->refusal.detail);
	if (request->content_length > exchange->api->max_body_bytes)
		return answer_error(exchange, 413, "Request body exceeds the limit of %zu bytes.",
				    exchange->api->max_body_bytes);
	if (!links_host_is_valid(exchange))
		return answer_error(exchange, 400, "Invalid Host header.");
	return find_route(exchange);
}

/* All that is read before the request has to wait, from its token to its page, is read in one go. */
enum http_outcome pipeline_begin(struct request *request)
{
	const struct api *api = request->context;
	struct exchange *exchange = exchange_of(request);
	enum http_outcome outcome;

	request_counts_begin(api->monitor->requests);
	if (!exchange)
		return answer_no_room(request);
	exchange->goes_on = !dm_begin_reads(api->handle);
	outcome = begin(exchange);
	dm_end_reads(api->handle);
	return outcome;
}

void pipeline_completed(struct request *request, int64_t microseconds)
{
	const struct api *api = request->context;
	const struct exchange *exchange = request->data;

	request_counts_end(api->monitor->requests, route_number(exchange ? exchange->route : NULL),
			   request->response.status, microseconds);
}

/* The path with a slash behind it; the arena's, data NULL without memory. */
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
	struct request *request = exchange->request;
	bool reads = exchange->is_head || span_equal(request->method, SPAN("GET"));
	struct span location = with_slash(request);

	if (!location.data)
		return answer_no_room(request);
	if (location.length > exchange->api->max_header_bytes) /* which is what a response's head has room for */
		return answer_error(exchange, 414,
				    "The URI is too long to be redirected: let its path end with a slash.");
	response_header(&request->response, "Location", location.data);
	return answer_empty(exchange, reads ? 301 : 308); /* 308: the client repeats the method and the body */
}

static enum http_outcome find_route(struct exchange *exchange)
{
	switch (route_find(exchange->path, exchange->api, &exchange->route, &exchange->target_id)) {
	case ROUTE_FOUND:
		exchange->content_type = exchange->route->content_type;
		if (!exchange->content_type)
			exchange->content_type = "application/json";
		exchange->request->is_routine = exchange->route->is_admin;
		return route_is_public(exchange->route) ? run_public(exchange) : negotiate(exchange);
	case ROUTE_LACKS_SLASH:
		return redirect(exchange);
	default:
		return answer_error(exchange, 404, "Not found.");
	}
}

static bool is_options(const struct exchange *exchange)
{
	return span_equal(exchange->request->method, SPAN("OPTIONS"));
}

static enum http_outcome negotiate(struct exchange *exchange)
{
	struct request *request = exchange->request;
	struct span accept = request_header_list(request, "Accept"), format;

	if (is_options(exchange)) /* it tells of a resource, in JSON, whatever the resource itself is */
		exchange->content_type = "application/json";

	if (form_find(request->query, &request->arena, SPAN("format"), FORM_LAST, &format) && format.length > 0 &&
	    !span_equal(format, SPAN("json")))
		return answer_error(exchange, 404, "Not found.");
	if (accept.data && !accepts(accept, span_from(exchange->content_type)))
		return answer_error(exchange, 406, "Could not satisfy the request Accept header.");
	return authenticate(exchange);
}

static bool take_user(void *context, const struct dm_user *user)
{
	struct exchange *exchange = context;

	struct request *request = exchange->request;

	exchange->user_id = user->id;
	exchange->share = budget_share(exchange->api->budget, user->id);
	request->user_id = user->id;
	request->arena.share = exchange->share;
	buffer_charge(&request->body, exchange->share);
	buffer_charge(&request->response.body, exchange->share);
	return true;
}

/* Asks whose the exchange's key is, and at once whether the recipient exists. */
static enum http_outcome identify(struct exchange *exchange)
{
	struct dm_operation *operation = exchange_operation(exchange, DM_OP_AUTHENTICATE);

	operation->text = (struct dm_text){exchange->key.data, exchange->key.length};
	operation->partner_id = exchange->route->to_user ? exchange->target_id : -1;
	operation->on_user = take_user;
	return exchange_await(exchange, identified);
}

static enum http_outcome ticket_taken(struct exchange *exchange)
{
	if (exchange->operation.status == DM_NOT_FOUND)
		return answer_error(exchange, 401, "Invalid ticket.");
	if (exchange->operation.status != DM_OK)
		return answer_failure(exchange, NULL);
	exchange->key = arena_copy(&exchange->request->arena, span_from(exchange->operation.key));
	return identify(exchange);
}

/* The ticket in the place of a token, where the route takes one. */
static bool find_ticket(struct exchange *exchange, struct span *ticket)
{
	struct request *request = exchange->request;

	return exchange->route->takes_ticket && span_equal(request->method, SPAN("GET")) &&
	       form_find(request->query, &request->arena, SPAN("ticket"), FORM_LAST, ticket);
}

static enum http_outcome authenticate(struct exchange *exchange)
{
	struct span header = request_header(exchange->request, "Authorization"), ticket;
	const char *refusal;

	if (!header.data && find_ticket(exchange, &ticket)) {
		if (!ticket_has_form(ticket))
			return answer_error(exchange, 401, "Invalid ticket.");
		exchange_operation(exchange, DM_OP_TICKET_TAKE)->text = (struct dm_text){ticket.data, ticket.length};
		return exchange_await(exchange, ticket_taken);
	}
	refusal = token_from_header(header, &exchange->key);
	return refusal ? answer_error(exchange, 401, "%s", refusal) : identify(exchange);
}

static enum http_outcome identified(struct exchange *exchange)
{
	if (exchange->operation.status == DM_NOT_FOUND)
		return answer_error(exchange, 401, "Invalid token.");
	if (exchange->operation.status != DM_OK)
		return answer_failure(exchange, NULL);
	return check_method(exchange);
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
	outcome = answer_detail(exchange, 405, buffer_span(&detail));
	buffer_release(&detail);
	return outcome;
}

/* What the route offers for the request's method; NULL for nothing. */
static exchange_step *step_of_method(const struct exchange *exchange)
{
	const struct route *route = exchange->route;
	struct span method = exchange->request->method;

	if (exchange->is_head || span_equal(method, SPAN("GET")))
		return route->get;
	if (span_equal(method, SPAN("POST")))
		return route->post ? want_body : NULL;
	if (span_equal(method, SPAN("DELETE")))
		return route->delete_;
	return NULL;
}

static enum http_outcome run_public(struct exchange *exchange)
{
	exchange_step *step = step_of_method(exchange);

	exchange->goes_on = false; /* their one step after an operation may be long: metrics */
	buffer_charge(&exchange->request->response.body, budget_share(exchange->api->anybodys_budget, 0));
	return step ? step(exchange) : refuse_method(exchange);
}

static enum http_outcome check_method(struct exchange *exchange)
{
	const struct route *route = exchange->route;
	exchange_step *step = step_of_method(exchange);

	if (is_options(exchange)) {
		shape_metadata(&exchange->request->response.body, route->name,
			       route->content_type ? route->content_type : "application/json", route->actions);
		return answer(exchange, 200);
	}
	if (!step)
		return refuse_method(exchange);
	if (route->to_user && exchange->operation.count == 0) /* of authentication: the recipient is none */
		exchange->operation.status = DM_NOT_FOUND;
	return exchange->operation.status == DM_OK ? step(exchange) : answer_failure(exchange, NULL);
}

/* Where its length was told there is room from the start for all of it, and for the content that is read out of it, or
 * it is refused before it is read: otherwise many that begin at once might leave each other none to end. */
static bool reserve_body(struct request *request)
{
	size_t length = request->content_length;

	return length == 0 || (buffer_reserve(&request->body, length) &&
			       (length <= BUDGET_FREE || arena_reserve(&request->arena, length + ARENA_REST)));
}

static enum http_outcome want_body(struct exchange *exchange)
{
	struct request *request = exchange->request;

	if (!reserve_body(request))
		return answer_no_room(request);
	request->step = body_is_there;
	return HTTP_NEED_BODY;
}

static enum http_outcome body_is_there(struct request *request)
{
	return run_post(request->data);
}

static enum http_outcome run_post(struct exchange *exchange)
{
	struct request *request = exchange->request;
	struct buffer detail;
	enum http_outcome outcome;
	unsigned refused;

	if (request->body_too_large)
		return answer_error(exchange, 413, "Request body exceeds the limit of %zu bytes.",
				    exchange->api->max_body_bytes);
	if (request->body_lacks_memory)
		return answer_no_room(exchange->request);
	buffer_init(&detail, SIZE_MAX);
	refused = content_read(request, &exchange->content, &detail);
	request->arena.failed |= detail.failed;
	outcome = refused ? answer_detail(exchange, refused, buffer_span(&detail)) : exchange->route->post(exchange);
	buffer_release(&detail);
	return outcome;
}
