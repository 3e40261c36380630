/* SPDX-License-Identifier: MIT */
/* check_head.c - checks of the head alone: its form, the declared length of the body, the host. */
#include "checks.h"
#include "links.h"
#include "respond.h"

enum http_outcome check_head(struct exchange *exchange)
{
	const struct http_refusal *refusal = &exchange->request->refusal;

	return refusal->status ? respond_error(exchange, refusal->status, "%s", refusal->detail) : CHECK_PASSED;
}

enum http_outcome check_length(struct exchange *exchange)
{
	size_t max_bytes = exchange->api->max_body_bytes;

	if (exchange->request->content_length > max_bytes)
		return respond_error(exchange, 413, "Request body exceeds the limit of %zu bytes.", max_bytes);
	return CHECK_PASSED;
}

enum http_outcome check_host(struct exchange *exchange)
{
	return links_host_is_valid(exchange) ? CHECK_PASSED : respond_error(exchange, 400, "Invalid Host header.");
}
