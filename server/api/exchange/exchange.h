/* SPDX-License-Identifier: MIT */
/* exchange.h - one request to the API while it is worked on: what is known of it, and the operation that it waits for.
 * respond.h ends it. */
#ifndef EXCHANGE_H
#define EXCHANGE_H

#include "directmessages.h"
#include "http.h"
#include "route.h"

struct credential;
struct document;
struct hub;
struct jwks;
struct monitor;
struct policies;
struct policy;
struct send_rate;
struct throttle;

/* What the log says when there is no room for what a request needs. */
#define EXCHANGE_NO_ROOM \
	"no room for a body or a response; see DIRECTMESSAGES_MAX_BUFFER_BYTES, or give the server more memory"

/* What all requests to one address share; lives as long as the server. */
struct api {
	dm *handle;
	struct policies *policies;
	struct jwks *jwks; /* the keys of JWTs that are fetched; NULL: none are */
	struct monitor *monitor;
	struct throttle *throttle;      /* how often users send */
	bool shows_public, shows_admin; /* which routes this address has */
	bool may_administrate;          /* this address has administration if there is a key */
	const char *challenge;          /* WWW-Authenticate of a 401; NULL: the policy's */
	struct span prefix;             /* "/api/dm/": begins and ends with a slash */
	const char *own_host;           /* in links, for clients that name no host */
	size_t max_body_bytes, max_header_bytes;
	const struct document *document; /* what GET /api/schema/ serves; NULL: turned off */
	bool has_web;                    /* the web client is served */
	bool has_sessions;               /* a proxy or a cookie may say who the caller is */
	bool trust_forwarded;            /* X-Forwarded-Proto and -Host decide the links */
	struct hub *hub;                 /* of the event streams; NULL: turned off */
	struct budget *budget;           /* for what requests hold */
	struct budget *public_budget;    /* for responses without authentication: users can't use it up */
};

struct exchange {
	struct request *request;
	const struct api *api;
	const struct policy *policy;
	const struct route *route; /* NULL until the path is known */
	size_t next_check;         /* in the table of pipeline.c */
	const char *content_type;  /* of the response: the route's, unless the resource chooses another */
	struct span path;          /* decoded */
	bool is_head;
	enum wait_next wait_next;      /* which thread runs the step after an operation */
	int64_t user_id;               /* the caller */
	struct credential *credential; /* what the request shows of the caller */
	struct span key;               /* the caller's token; empty if it was something else */
	int64_t expires_at;            /* the caller's JWT, microseconds since 1970; 0: it was no JWT */
	int64_t target_id;             /* the <id> or <user> of the path; NO_ID if it can't be one */
	struct span target_name;       /* the <user>'s name, decoded, whose id check_caller finds; data NULL: an id */
	bool target_exists;            /* whether it is a user, on a route that is to_user */
	uint32_t unread;               /* what the route counts, for a GET or a HEAD */
	struct span content;           /* of the body */
	bool has_number;               /* the body has the route's number */
	int64_t number;
	exchange_step *then; /* what follows the wait */
	struct dm_operation operation;
	struct budget_share *share; /* counts what is made for the caller */
	struct send_rate *rate;     /* what is left of the caller's rates; NULL: nothing is to be told */
	bool is_over_rate;          /* the caller sends too often: only what was sent before is wanted */
	bool is_stored;             /* a message was stored: no response may deny it */
	bool is_replayed;           /* it was stored by an earlier request with the same Idempotency-Key */
	void *resource;             /* for the resource; in the request's arena */
};

/* Makes the exchange of a request whose context is a struct api, in the request's arena. NULL without memory. */
MUST_CHECK struct exchange *exchange_new(struct request *request);

/* From here on, what the request holds is counted as this user's; 0: the administrator's. */
void exchange_charge(struct exchange *exchange, int64_t user_id);

bool exchange_has_method(const struct exchange *exchange, struct span method);

/* Clears the exchange's operation and makes it one of this kind. Fill in the kind's arguments, then call
 * exchange_await. */
struct dm_operation *exchange_operation(struct exchange *exchange, enum dm_operation_kind kind);

/* Submits the operation; `then` follows when it is done, at once if nothing has to be waited for. */
enum http_outcome exchange_await(struct exchange *exchange, exchange_step *then);

/* The same for anything but operations: call exchange_wait_begin, start what will call request_wake, then return
 * exchange_wait. */
void exchange_wait_begin(struct exchange *exchange, exchange_step *then);
enum http_outcome exchange_wait(struct exchange *exchange);

#endif
