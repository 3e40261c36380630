/* SPDX-License-Identifier: MIT */
/* check_origin.c - the check of whose page a browser asks for, if it adds by itself what says who calls (CSRF).
 *
 * Sec-Fetch-Site is the browser's word for it, and wins over Origin: a page that came by http, which others may have
 * changed, is no page of the same host by https. */
#include "checks.h"
#include "credential.h"
#include "links.h"
#include "origins.h"
#include "policy.h"
#include "respond.h"

/* Whether the request changes nothing, whoever makes it. */
static bool is_safe(const struct exchange *exchange)
{
	if (exchange_has_method(exchange, SPAN("GET")))
		return !exchange->route->guards_get;
	return exchange->is_head || exchange_has_method(exchange, SPAN("OPTIONS")) ||
	       exchange_has_method(exchange, SPAN("TRACE"));
}

static bool is_of_own_page(const struct exchange *exchange)
{
	const struct origins *listed = exchange->policy->cors;
	struct span site = request_header(exchange->request, "Sec-Fetch-Site");
	struct span origin = request_header(exchange->request, "Origin");

	if (listed && origins_match(listed, origin))
		return true;
	if (site.data)
		return span_equal(site, SPAN("same-origin")) || span_equal(site, SPAN("none"));
	if (!origin.data) /* older browsers leave it out of a GET of a page of the same origin */
		return exchange_has_method(exchange, SPAN("GET"));
	return links_origin_is_own(exchange, origin);
}

enum http_outcome check_origin(struct exchange *exchange)
{
	if (!exchange->credential->is_ambient || is_safe(exchange) || is_of_own_page(exchange))
		return CHECK_PASSED;
	return respond_error(exchange, 403, "CSRF Failed: Origin checking failed.");
}
