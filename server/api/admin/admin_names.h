/* SPDX-License-Identifier: MIT */
/* admin_names.h - users that a request names: an id, or @ and a username. */
#ifndef ADMIN_NAMES_H
#define ADMIN_NAMES_H

#include "attributes.h"
#include "exchange.h"

#define ADMIN_NAMES 2

/* Users that a request names. It stands at the beginning of what exchange->resource points to. */
struct admin_names {
	struct span texts[ADMIN_NAMES]; /* data NULL: none is named; the id is 0 */
	int64_t ids[ADMIN_NAMES];
	size_t count, next;
	exchange_step *then;
};

/* Looks up the ids of all that `names` has texts of; `then` follows. Responds with 400 to a text that names nobody,
 * `field` being what it is called, and with 404 if there is no such user. */
enum http_outcome admin_find_names(struct exchange *exchange, struct admin_names *names, const char *const *fields,
				   exchange_step *then);

/* The same for the <user> of the path, which becomes the first of the names. */
enum http_outcome admin_find_target(struct exchange *exchange, struct admin_names *names, exchange_step *then);

#endif
