/* SPDX-License-Identifier: MIT */
/* exchange.h - one request to the API while it is worked on: what is known of it, and the operation that it waits for.
 */
#ifndef EXCHANGE_H
#define EXCHANGE_H

#include "directmessages.h"
#include "http.h"

struct document;
struct exchange;
struct hub;
struct monitor;
struct route;

/* What all requests to one address share; lives as long as the server. */
struct api {
	dm *handle;
	struct monitor *monitor;
	bool shows_public, shows_admin; /* which routes there are */
	struct span prefix;             /* "/api/dm/": begins and ends with a slash */
	const char *own_host;           /* in links, where a client names none */
	size_t max_body_bytes, max_header_bytes;
	const struct document *document; /* what GET /api/schema/ serves; NULL: turned off */
	bool trust_forwarded;            /* X-Forwarded-Proto and -Host make the links */
	struct hub *hub;                 /* of the event streams; NULL: turned off */
	struct budget *budget;           /* of what requests hold */
	struct budget *anybodys_budget;  /* of the answers that take no token: whatever users hold, these are given */
};

/* The rest of the work: a step, as in http.h, with what is known. */
typedef enum http_outcome exchange_step(struct exchange *exchange);

struct exchange {
	struct request *request;
	const struct api *api;
	const struct route *route; /* NULL until the path is known */
	const char *content_type;  /* of the answer: the route's, until the resource chooses another */
	struct span path;          /* decoded */
	bool is_head;
	bool goes_on;        /* on the thread that completes its operation: where reads wait as writes do, each step but
				the last does little more than to start the next */
	int64_t user_id;     /* who asks */
	struct span key;     /* by which token */
	int64_t target_id;   /* the <id> of the path; -1, which nobody has, where it is beyond 64 bits */
	struct span content; /* of a body */
	exchange_step *then; /* after the operation */
	struct dm_operation operation;
	struct budget_share *share; /* where what is made for this user is counted */
	bool is_stored;             /* what was sent: no answer may say otherwise */
	void *resource;             /* the resource's own, the request's arena's */
};

/* Clears the operation and makes it one of this kind; fill in what it needs, then exchange_await. */
struct dm_operation *exchange_operation(struct exchange *exchange, enum dm_operation_kind kind);

/* Submits the operation and goes on with `then` when it is done: at once where that needs no waiting. */
enum http_outcome exchange_await(struct exchange *exchange, exchange_step *then);

/* The same for what is no operation: begin, then start what will call request_wake, then go on. */
void exchange_wait_begin(struct exchange *exchange, exchange_step *then);
enum http_outcome exchange_wait(struct exchange *exchange);

/* Answers: each completes the response, with the headers that every response has and those of the route. The first
 * four send exchange->content_type, errors are always JSON. */
enum http_outcome answer(struct exchange *exchange, unsigned status); /* it is in the response's body */
enum http_outcome answer_lent(struct exchange *exchange, unsigned status, struct span body); /* never copied or freed */
enum http_outcome answer_stream(struct exchange *exchange, unsigned status, const struct http_body_source *stream);
enum http_outcome answer_detached(struct exchange *exchange, unsigned status); /* the body is the detacher's */
enum http_outcome answer_empty(struct exchange *exchange, unsigned status);
enum http_outcome answer_error(struct exchange *exchange, unsigned status, const char *format, ...) PRINTF_LIKE(3, 4);
enum http_outcome answer_detail(struct exchange *exchange, unsigned status, struct span detail);

/* What answer_no_room answers, less `Allow`; for where there is no memory even for that. */
extern const struct response exchange_no_room;

/* 503: no memory, or too much of it is in use. It takes none itself; there is no answer at all where this one would be
 * untrue. Every answer becomes this one where memory was short (arena.failed). */
enum http_outcome answer_no_room(struct request *request);

/* What the operation's failure says to the client; `not_found` is the detail of a 404 (NULL: that of a missing user).
 */
enum http_outcome answer_failure(struct exchange *exchange, const char *not_found);

#endif
