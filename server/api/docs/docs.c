/* SPDX-License-Identifier: MIT */
/* docs.c - GET /api/docs/ and its files: Swagger UI with the OpenAPI document. */
#include "asset_response.h"
#include "docs_resources.h"
#include "respond.h"

#define NO_PAGE "This build has no docs page: npm could not fetch Swagger UI. The document is at /api/schema/."

enum http_outcome docs_get(struct exchange *exchange)
{
	const struct asset *asset = asset_find(span_from(exchange->route->path));

	if (!exchange->api->document)
		return respond_error(exchange, 404, "Not found.");
	if (!asset)
		return respond_error(exchange, 404, NO_PAGE);
	return respond_asset(exchange, asset);
}
