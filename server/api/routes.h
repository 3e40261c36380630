/* SPDX-License-Identifier: MIT */
/* routes.h - the route table: which path and method leads to which resource. */
#ifndef ROUTES_H
#define ROUTES_H

#include "exchange.h"

#include <stdio.h>

struct route {
	/* Below the prefix, <id> stands for digits. With a slash in front it is a path of the server itself, whatever
	 * the prefix: for everybody, without authentication and Accept, and nothing but GET and HEAD. */
	const char *path;
	const char *name;    /* what OPTIONS calls it */
	const char *allow;   /* the Allow header */
	exchange_step *get;  /* HEAD too */
	exchange_step *post; /* with a body */
	exchange_step *delete_;
	bool to_user;                      /* <id> is a user who must exist */
	bool is_admin;                     /* for who runs the server: see --admin-listen */
	bool takes_ticket;                 /* a GET without Authorization may have ?ticket= */
	const char *actions;               /* of OPTIONS: the fields of a POST as JSON, or NULL */
	const char *content_type;          /* of its answers; NULL: application/json */
	const struct http_header *headers; /* of its answers, up to one without a name; Cache-Control replaces ours */
	const struct span *body;           /* of static_get */
};

enum route_match { ROUTE_NONE, ROUTE_FOUND, ROUTE_LACKS_SLASH };

/* Whether it is one of the paths of the server itself. */
bool route_is_public(const struct route *route);

/* Finds the route of a decoded path among those that the address shows; *id is set where the route has one (see
 * exchange.target_id). */
enum route_match route_find(struct span path, const struct api *api, const struct route **route, int64_t *id);

/* Routes by number, for counting: NULL, no route at all, is the last of them, and its pattern is "none". */
size_t routes_count(void);
size_t route_number(const struct route *route);
const char *route_pattern(size_t number);

/* The table, for people. */
void routes_print(FILE *out, const char *prefix);

#endif
