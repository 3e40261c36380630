/* SPDX-License-Identifier: MIT */
/* request.h - a request from its first line to its end. */
#ifndef REQUEST_H
#define REQUEST_H

#include "arena.h"
#include "attributes.h"
#include "buffer.h"
#include "response.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

struct MHD_Connection;
struct connection;
struct http_server;
struct request;

enum http_outcome {
	HTTP_NONE,      /* no step has run yet */
	HTTP_RESPOND,   /* request->response is complete */
	HTTP_NEED_BODY, /* call request->step again when the body has arrived (once a request) */
	HTTP_WAIT,      /* call request->step again after request_wake */
	HTTP_DROP,      /* close the connection without a response */
	HTTP_DETACH     /* give the socket and the response's head to request->detach */
};

typedef enum http_outcome http_step(struct request *request);

/* Takes a connection's socket over and sends on it for as long as it likes. */
struct http_detach {
	/* `socket` does not block and now belongs to the callee; `head` is lent. What is sent after the head must be
	 * chunked if request->accepts_chunks. Called once, unless drop is. */
	void (*attach)(void *context, int socket, struct span head);
	void (*drop)(void *context); /* the request has ended before that */
	void *context;
};

/* Why a request's head is refused, whatever it asks for; status 0: it is not. This must be the response, and nothing
 * after the head is read. */
struct http_refusal {
	unsigned status;
	const char *detail;
};

struct request {
	struct arena arena; /* lives as long as the request */
	struct http_server *server;
	void *context; /* http_options.context */
	void *data;    /* for the steps */
	void *kept;    /* for the steps: set by the first, given back in http_options.completed */
	http_step *step;
	struct span method;
	struct span target;      /* as sent */
	struct span authority;   /* the host of a target in absolute form; data is NULL for other targets */
	bool is_https;           /* the scheme of such a target */
	struct span path;        /* as sent, not decoded */
	struct span query;       /* without '?'; empty if there is none */
	uint64_t content_length; /* 0 if not sent, UINT64_MAX if it does not fit into 63 bits */
	bool accepts_chunks;     /* HTTP/1.1: the response may be chunked */
	struct span request_id;  /* X-Request-ID, ends with a NUL; data is NULL if none was sent */
	struct span trace_id;    /* of traceparent; likewise */
	struct span traceparent; /* as it was sent, without what later versions add; likewise */
	struct http_refusal refusal;
	struct buffer body;     /* complete in the step after HTTP_NEED_BODY */
	bool body_too_large;    /* a chunked body went beyond the limit; `body` is cut off */
	bool body_lacks_memory; /* there was no memory for the rest of it; `body` is cut off */
	struct response response;
	struct http_detach detach; /* if drop is set, one of its two functions will be called */
	int64_t user_id;           /* the caller, for the access line; 0: unknown */
	bool is_routine;           /* polled all the time: its access line is at level debug */

	struct { /* for this folder */
		struct MHD_Connection *connection;
		struct connection *client;
		struct request *next_woken;
		int phase;
		enum http_outcome outcome; /* of the last step; HTTP_WAIT: the next is still to be run */
		atomic_int wait;
		int wait_next;   /* enum wait_next */
		bool is_working; /* it is counted in loop.working */
		int64_t started_at;
		uint64_t received;  /* bytes of the request's body */
		uint64_t discarded; /* those of them that nobody needs */
		uint64_t sent;      /* bytes of the response's body */
	} http;
};

/* For this folder: a request on `client`, with its target as sent. libmicrohttpd's text `target` is changed, see
 * hide_parameters. NULL without memory. */
MUST_CHECK struct request *request_new(struct connection *client, struct MHD_Connection *connection, char *target);
void request_free(struct request *request);

#endif
