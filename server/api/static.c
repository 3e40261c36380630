/* SPDX-License-Identifier: MIT */
/* static.c - GET of what never changes while the server runs: the body that stands in the route table. */
#include "resources.h"
#include "routes.h"

enum http_outcome static_get(struct exchange *exchange)
{
	return answer_lent(exchange, 200, *exchange->route->body);
}
