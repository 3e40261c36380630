/* SPDX-License-Identifier: MIT */
/* http_options.h - the settings of an HTTP server. */
#ifndef HTTP_OPTIONS_H
#define HTTP_OPTIONS_H

#include "closed.h"
#include "request.h"

struct http_options {
	int socket;                     /* listening; http_stop closes it */
	bool is_unix;                   /* `socket` is a Unix socket */
	bool is_kept;                   /* somebody else has `socket` open, for the server that comes after us */
	unsigned threads;               /* loops */
	unsigned connections;           /* at once; others wait until silent ones have made room */
	size_t connections_per_address; /* at once; 0: no limit */
	unsigned idle_seconds;          /* a connection on which nothing moves for this long is closed */
	unsigned slow_seconds;          /* time for a head, from its first byte to its end */
	size_t slow_rate;               /* bytes a second at which bodies and responses must move, measured over
					   slow_seconds; 0: no limit */
	size_t header_bytes;            /* approximate maximum size of the request line plus headers */
	size_t body_bytes;              /* a larger body is refused: at once if its length is declared */
	http_step *first;               /* called when the headers have arrived */
	/* Called at the end of a request for which a step has run, whether it was answered or its client left. */
	void (*completed)(struct request *request, int64_t microseconds);
	void *context; /* becomes request->context */
	struct http_counts *counts;
	const struct response *no_room; /* static, with a lent body; sent if there is no memory for the request's own */
};

#endif
