/* SPDX-License-Identifier: MIT */
/* cors.c - the headers of CORS. */
#include "cors.h"

#include "origins.h"
#include "policy.h"

#define ALLOWED_HEADERS "authorization, content-type, idempotency-key, last-event-id, if-none-match"
#define EXPOSED_HEADERS "Retry-After, RateLimit, RateLimit-Policy, Idempotency-Replayed, Location"
#define MAX_AGE_SECONDS "7200" /* the longest that Chromium remembers it for */

/* Whose pages may call; NULL: none, or not this route or address: what is for the operator tells no page of the site's
 * traffic. */
static const struct origins *origins_of(const struct request *request)
{
	const struct api *api = request->context;
	const struct policy *policy = request->kept;
	const struct exchange *exchange = request->data;

	return api->shows_public && !(exchange && exchange->route && exchange->route->is_admin) ? policy->cors : NULL;
}

bool cors_is_preflight(const struct exchange *exchange)
{
	const struct request *request = exchange->request;

	return origins_of(request) && exchange_has_method(exchange, SPAN("OPTIONS")) &&
	       request_header(request, "Origin").data && request_header(request, "Access-Control-Request-Method").data;
}

void cors_add_headers(struct request *request)
{
	const struct policy *policy = request->kept;
	const struct origins *origins = origins_of(request);
	const struct exchange *exchange = request->data;
	struct response *response = &request->response;
	const char *allowed;

	if (!origins)
		return;
	response_header(response, "Vary", "Origin");
	allowed = origins_match(origins, request_header(request, "Origin"));
	if (!allowed)
		return;
	response_header(response, "Access-Control-Allow-Origin", allowed);
	if (policy->cors_credentials)
		response_header(response, "Access-Control-Allow-Credentials", "true");
	if (exchange && exchange->route && cors_is_preflight(exchange)) {
		response_header(response, "Access-Control-Allow-Methods", exchange->route->allow);
		response_header(response, "Access-Control-Allow-Headers", ALLOWED_HEADERS);
		response_header(response, "Access-Control-Max-Age", MAX_AGE_SECONDS);
	} else {
		response_header(response, "Access-Control-Expose-Headers", EXPOSED_HEADERS);
	}
}
