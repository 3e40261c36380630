/* SPDX-License-Identifier: MIT */
/* route.h - one row of the route table. */
#ifndef ROUTE_H
#define ROUTE_H

#include "directmessages.h"
#include "request.h"

#include <string.h>

struct exchange;

/* A step of an exchange: as http_step, with all that is known of the request. */
typedef enum http_outcome exchange_step(struct exchange *exchange);

/* An id that no row has. It is not -1: some user tables have a user -1. */
#define NO_ID INT64_MIN

/* The user or the row that a path names. */
struct path_target {
	int64_t id;       /* NO_ID if it does not fit into 64 bits, and if there is a name */
	struct span name; /* as it stands in the path behind the @; data is NULL if there is an id */
};

/* Whom a path is for; the checks of a request depend on it. */
enum route_area {
	AREA_API = 1, /* below the prefix, for users */
	AREA_SERVER =
		2, /* the server's own paths: for everybody, without authentication and Accept; GET and HEAD only */
	AREA_ADMIN = 4, /* below /admin/, for who has the admin key; answered at --admin-listen alone */
};

struct route {
	const char *path;    /* "/admin/..." in AREA_ADMIN, any other "/..." in AREA_SERVER, otherwise below the prefix;
				<id> stands for digits, <user> for digits or @ and a username */
	const char *name;    /* in the response to OPTIONS */
	const char *allow;   /* the Allow header */
	exchange_step *get;  /* HEAD too */
	exchange_step *post; /* with a body */
	exchange_step *put;
	exchange_step *patch;
	exchange_step *delete_;      /* a body of PUT and DELETE is read up to the limit, and ignored */
	const char *number;          /* the field of a POST's body, a whole number; NULL: the field is `content` */
	bool to_user;                /* <user> must exist */
	enum dm_count_unread counts; /* by a GET or a HEAD, with who is calling */
	bool sends;                  /* a POST sends a message: how often a user may is limited */
	bool is_admin;               /* of AREA_SERVER, for the operator: see --admin-listen */
	bool is_web;                 /* of the web client, which may be turned off */
	bool negotiates;             /* the resource looks at Accept and ?format= itself */
	bool guards_get;             /* a GET changes or holds something: none of another site's page */
	bool accepts_ticket;         /* a GET without Authorization may have ?ticket= */
	const char *actions;         /* for OPTIONS: the fields of a POST as JSON, or NULL */
	const char *content_type;    /* of its responses; NULL: application/json */
	const struct http_header *headers; /* of its responses; ends with one without a name; may set Cache-Control */
	const struct span *body;           /* for static_get */
};

static inline enum route_area route_area(const struct route *route)
{
	if (*route->path != '/')
		return AREA_API;
	return strncmp(route->path, "/admin/", 7) == 0 ? AREA_ADMIN : AREA_SERVER;
}

#endif
