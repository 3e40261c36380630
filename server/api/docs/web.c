/* SPDX-License-Identifier: MIT */
/* web.c - GET / and /app/: the web client, and what it has to know of this server. */
#include "asset_response.h"
#include "docs_resources.h"
#include "respond.h"

enum http_outcome web_get(struct exchange *exchange)
{
	return respond_asset(exchange, asset_find(span_from(exchange->route->path)));
}

/* The path is relative, so that a proxy may have both below a folder of its own. */
enum http_outcome web_root_get(struct exchange *exchange)
{
	response_header(&exchange->request->response, "Location", "app/");
	return respond_empty(exchange, 302);
}

/* Where the API is, seen from the page; and whether to ask it without a token: a proxy or a cookie may say who the user
 * is. A prefix has nothing that JSON would escape. */
enum http_outcome web_settings_get(struct exchange *exchange)
{
	struct buffer *body = &exchange->request->response.body;

	BUFFER_APPEND_LITERAL(body, "{\"api\":\"..");
	buffer_append_span(body, exchange->api->prefix);
	buffer_printf(body, "\",\"session\":%s}", exchange->api->has_sessions ? "true" : "false");
	return respond(exchange, 200);
}
