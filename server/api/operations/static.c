/* SPDX-License-Identifier: MIT */
/* static.c - GET of what never changes while the server runs: the body that stands in the route table. */
#include "operations_resources.h"
#include "respond.h"

enum http_outcome static_get(struct exchange *exchange)
{
	return respond_lent(exchange, 200, *exchange->route->body);
}
