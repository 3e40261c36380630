/* SPDX-License-Identifier: MIT */
/* static.c - GET of a body that never changes while the server runs; it is in the route table. */
#include "operations_resources.h"
#include "respond.h"

enum http_outcome static_get(struct exchange *exchange)
{
	return respond_lent(exchange, 200, *exchange->route->body);
}
