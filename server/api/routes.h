/* SPDX-License-Identifier: MIT */
/* routes.h - the route table: which path and method leads to which resource. */
#ifndef ROUTES_H
#define ROUTES_H

#include "exchange.h"

#include <stdio.h>

enum route_match { ROUTE_NONE, ROUTE_FOUND, ROUTE_LACKS_SLASH };

/* Finds the route of a path, as it was sent, among those that the exchange's address has. *route is NULL unless it is
 * found; *target is set if the route has an <id> or a <user>. ROUTE_LACKS_SLASH: it would be found with a slash at its
 * end. */
enum route_match route_find(struct span path, const struct exchange *exchange, const struct route **route,
			    struct path_target *target);

/* The resource for a request method; NULL if the route does not have the method, and for OPTIONS. */
exchange_step *route_step(const struct route *route, struct span method);

/* Routes by number, for counting. The last number stands for requests without a route (NULL); its pattern is "none". */
size_t routes_count(void);
size_t route_number(const struct route *route);
const char *route_pattern(size_t number);

/* Prints the table for people. */
void routes_print(FILE *out, const char *prefix);

#endif
