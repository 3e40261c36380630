/* SPDX-License-Identifier: MIT */
/* events.c - GET events/: a stream of the caller's events, for as long as the client listens. */
#include "events_resources.h"
#include "respond.h"

#include "form.h"
#include "hub.h"

static ssize_t read_nothing(void *context, char *out, size_t size)
{
	(void)context, (void)out, (void)size;
	return HTTP_SOURCE_END;
}

static void release_nothing(void *context)
{
	(void)context;
}

/* The headers of a stream without a body. */
static enum http_outcome respond_to_head(struct exchange *exchange)
{
	static const struct http_body_source nothing = {.read = read_nothing, .release = release_nothing};

	return respond_source(exchange, 200, &nothing);
}

static enum http_outcome replied(struct exchange *exchange)
{
	switch (hub_reply_to(exchange->request)) {
	case HUB_ADMITTED:
		return respond_detached(exchange, 200);
	case HUB_FULL_USER:
		return respond_error(exchange, 429, "Too many event streams of this user are open.");
	case HUB_FULL:
		return respond_error(exchange, 503, "Too many event streams are open.");
	default:
		return respond_error(exchange, 503, "Service temporarily unavailable.");
	}
}

/* The position to continue from. A browser that reconnects by itself sends the header and repeats the URL, so the
 * header wins. */
static bool find_position(struct exchange *exchange, struct span *position)
{
	struct request *request = exchange->request;
	struct span header = request_header(request, "Last-Event-ID");

	if (header.data)
		*position = header;
	else if (!form_find(request->query, &request->arena, SPAN("last_event_id"), FORM_LAST, position))
		return false;
	return position->length > 0;
}

enum http_outcome events_get(struct exchange *exchange)
{
	struct hub *hub = exchange->api->hub;
	struct hub_client client = {
		.user_id = exchange->user_id, .key = exchange->key, .expires_at = exchange->expires_at};

	if (!hub)
		return respond_error(exchange, 404, "Not found.");
	if (exchange->is_head)
		return respond_to_head(exchange);
	client.has_position = find_position(exchange, &client.position);
	exchange_wait_begin(exchange, replied);
	if (!hub_ask(hub, exchange->request, &client))
		return respond_error(exchange, 503, "Service temporarily unavailable.");
	return exchange_wait(exchange);
}
