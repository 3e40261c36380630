/* SPDX-License-Identifier: MIT */
/* http.h - requests come in, steps work on them, responses go out. Knows nothing of messages.
 *
 * A request goes through steps. Each step returns what is to happen next; it never sends and never blocks. */
#ifndef HTTP_H
#define HTTP_H

#include "arena.h"
#include "attributes.h"
#include "buffer.h"

#include <stdatomic.h>
#include <sys/types.h>

struct MHD_Connection;
struct http_server;
struct request;

enum http_outcome {
	HTTP_NOTHING,   /* no step has run */
	HTTP_ANSWER,    /* request->response is complete */
	HTTP_NEED_BODY, /* call request->step again when the body is there (once a request) */
	HTTP_WAIT,      /* call request->step again after request_wake */
	HTTP_DROP,      /* the connection ends without an answer */
	HTTP_DETACH     /* request->detach takes the connection's socket, and the response's head to send on it */
};

typedef enum http_outcome http_step(struct request *request);

/* A body that is made piece by piece while it is sent. */
struct http_stream {
	/* Fills up to `size` bytes and gives their number, HTTP_STREAM_END or HTTP_STREAM_FAILED (the client sees its
	 * connection break). HTTP_STREAM_WAIT says that request_wake will be
	 * called when there is more (request_wait_begin came before). */
	ssize_t (*read)(void *context, char *out, size_t size);
	void (*release)(void *context); /* called once, whatever happened */
	void *context;
};
#define HTTP_STREAM_WAIT 0
#define HTTP_STREAM_END (-1)
#define HTTP_STREAM_FAILED (-2)

/* Who takes a connection away from here, to send on it as long as it likes. */
struct http_detach {
	/* `socket` does not block, and is the taker's; `head` is lent. What follows it is in chunks where the request
	 * takes_chunks. Called once, unless drop is. */
	void (*take)(void *context, int socket, struct span head);
	void (*drop)(void *context); /* the request has ended before that */
	void *context;
};

/* What is wrong with a request's head, whatever it asks for; status 0: nothing. It is to be the answer, and nothing
 * behind the head is read. */
struct http_refusal {
	unsigned status;
	const char *detail;
};

#define RESPONSE_HEADERS_MOST 12

struct http_header {
	const char *name;
	const char *value; /* static, or the request's arena's */
};

struct response {
	unsigned status;
	struct http_header headers[RESPONSE_HEADERS_MOST];
	size_t headers_count;
	struct buffer body;
	struct span lent;          /* instead of body where data is set: lives as long as the server */
	struct http_stream stream; /* instead of both where read is set */
};

struct request {
	struct arena arena; /* lives as long as the request */
	struct http_server *server;
	void *context; /* http_options.context */
	void *data;    /* the steps' own */
	http_step *step;
	struct span method;
	struct span target;      /* as it came */
	struct span authority;   /* the host in a target in absolute form; data NULL where it is none */
	bool is_https;           /* and its scheme */
	struct span path;        /* as it came, not decoded */
	struct span query;       /* without '?', empty where there is none */
	uint64_t content_length; /* 0 where it was not sent, UINT64_MAX where it is beyond all numbers */
	bool takes_chunks;       /* HTTP/1.1: an answer without a length can have its end told */
	struct http_refusal refusal;
	struct buffer body;     /* complete in the step after HTTP_NEED_BODY */
	bool body_too_large;    /* it was chunked and went on beyond the limit; body is cut */
	bool body_lacks_memory; /* likewise, where there was no memory for more of it */
	struct response response;
	struct http_detach detach; /* where drop is set, one of its two is called */
	int64_t user_id;           /* who asked, for the access line; 0: nobody */
	bool is_routine;           /* asked for again and again: its access line is for debugging alone */

	struct { /* http.c's */
		struct MHD_Connection *connection;
		struct connection *client;
		struct request *next_woken;
		int phase;
		enum http_outcome outcome; /* of the last step */
		atomic_int wait;
		bool is_working; /* it counts as work */
		bool is_ahead;   /* the outcome is new: request_go_on has run the step */
		int64_t started_at;
		uint64_t taken;   /* bytes of the request's body */
		uint64_t drained; /* those of them that nobody wants */
		uint64_t sent;    /* bytes of the response's body */
	} http;
};

/* Why we have closed a connection whose client would have kept it. */
enum http_closed {
	HTTP_CLOSED_IDLE,    /* nothing came */
	HTTP_CLOSED_HEAD,    /* a request's head did not come to its end in time */
	HTTP_CLOSED_SLOW,    /* a body, or an answer, hardly moved */
	HTTP_CLOSED_ROOM,    /* it was silent, and others wanted its place */
	HTTP_CLOSED_ADDRESS, /* too many of its address */
	HTTP_CLOSED_STOP,    /* the server stops */
	HTTP_CLOSED_REASONS
};

/* What the log and the metrics call it. */
const char *http_closed_name(enum http_closed why);

/* Of connections. */
struct http_counts {
	atomic_size_t open;
	atomic_size_t closed[HTTP_CLOSED_REASONS]; /* since the start */
};

struct http_options {
	int socket;                     /* listening; closed by http_stop */
	bool is_unix;                   /* it is a Unix socket */
	unsigned threads;               /* loops */
	unsigned connections;           /* at once; more wait until silent ones have made room */
	size_t connections_per_address; /* of them; 0: any number */
	unsigned idle_seconds;          /* a connection on which nothing moves for so long is closed */
	unsigned slow_seconds;          /* a head has so long from its first byte to its end */
	size_t slow_rate;               /* bytes a second by which bodies and answers move, over as long; 0: any */
	size_t header_bytes;            /* request line and headers together may be about so long */
	size_t body_bytes;              /* a larger body is refused, before it is read where its length is told */
	http_step *first;               /* called when the headers are there */
	/* Called when a request for which a step has run is over: answered, or given up by its client. */
	void (*completed)(struct request *request, int64_t microseconds);
	void *context; /* into request->context */
	struct http_counts *counts;
	const struct response *no_room; /* sent where there is no memory for a request's own; it is lent, and static */
};

/* NULL where the daemon does not start. */
MUST_CHECK struct http_server *http_start(const struct http_options *options);

/* Takes no more connections, answers what has been sent on those that are open (for at most `seconds`, but always what
 * waits for request_wake), and closes them. */
void http_stop(struct http_server *server, unsigned seconds);

/* A header's value; data NULL where it was not sent. Names as in RFC 9110, any case. */
struct span request_header(const struct request *request, const char *name);

/* The values of a header that may come several times, with commas between them; data NULL where it was not sent. */
struct span request_header_list(struct request *request, const char *name);

/* Waiting: begin, then start what will call request_wake (on any thread, once). If it is over by the time the starter
 * returns, go on at once; otherwise return HTTP_WAIT. */
void request_wait_begin(struct request *request);
bool request_wait_is_over(struct request *request);
void request_wake(struct request *request);

/* The same, but goes on with the next steps on the caller's thread, as far as they need not wait again: where the
 * loop would be woken only to start the next thing to wait for. */
void request_go_on(struct request *request);

/* Adds a header; `value` is not copied. */
void response_header(struct response *response, const char *name, const char *value);

#endif
