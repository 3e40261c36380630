/* SPDX-License-Identifier: MIT */
/* cors.c - the headers of CORS. */
#include "cors.h"

#include "origins.h"

#define ALLOWED_HEADERS "authorization, content-type, idempotency-key, last-event-id, if-none-match"
#define EXPOSED_HEADERS "Retry-After, RateLimit, RateLimit-Policy, Idempotency-Replayed, Location"
#define MAX_AGE_SECONDS "7200" /* the longest that Chromium remembers it for */

/* Whether pages may call the route: what is for the operator tells no page of the site's traffic. */
static bool is_for_pages(const struct exchange *exchange)
{
	return exchange->api->cors && !(exchange->route && exchange->route->is_admin);
}

bool cors_is_preflight(const struct exchange *exchange)
{
	const struct request *request = exchange->request;

	return is_for_pages(exchange) && exchange_has_method(exchange, SPAN("OPTIONS")) &&
	       request_header(request, "Origin").data && request_header(request, "Access-Control-Request-Method").data;
}

void cors_add_headers(struct request *request)
{
	const struct api *api = request->context;
	const struct exchange *exchange = request->data;
	struct response *response = &request->response;
	const char *allowed;

	if (!api->cors || (exchange && !is_for_pages(exchange)))
		return;
	response_header(response, "Vary", "Origin");
	allowed = origins_match(api->cors, request_header(request, "Origin"));
	if (!allowed)
		return;
	response_header(response, "Access-Control-Allow-Origin", allowed);
	if (api->cors_credentials)
		response_header(response, "Access-Control-Allow-Credentials", "true");
	if (exchange && exchange->route && cors_is_preflight(exchange)) {
		response_header(response, "Access-Control-Allow-Methods", exchange->route->allow);
		response_header(response, "Access-Control-Allow-Headers", ALLOWED_HEADERS);
		response_header(response, "Access-Control-Max-Age", MAX_AGE_SECONDS);
	} else {
		response_header(response, "Access-Control-Expose-Headers", EXPOSED_HEADERS);
	}
}
