/* SPDX-License-Identifier: MIT */
/* response.h - a response while it is put together. */
#ifndef RESPONSE_H
#define RESPONSE_H

#include "buffer.h"
#include "span.h"

#include <stddef.h>
#include <sys/types.h>

/* Some 14 are the most that a response has, with CORS, a limit and a replay some 20. Clients can't make it more. */
#define MAX_RESPONSE_HEADERS 32

struct http_header {
	const char *name;
	const char *value; /* static, or in the request's arena */
};

/* A response body that is produced in pieces while it is sent. */
struct http_body_source {
	/* Writes up to `size` bytes to `out` and returns their number, or HTTP_SOURCE_END, or HTTP_SOURCE_FAILED, which
	 * breaks the connection. HTTP_SOURCE_WAIT: nothing is there yet; request_wait_begin was called before, and
	 * request_wake will be when there is. */
	ssize_t (*read)(void *context, char *out, size_t size);
	void (*release)(void *context); /* called once, however the request ends */
	void *context;
};
#define HTTP_SOURCE_WAIT 0
#define HTTP_SOURCE_END (-1)
#define HTTP_SOURCE_FAILED (-2)

struct response {
	unsigned status;
	struct http_header headers[MAX_RESPONSE_HEADERS];
	size_t headers_count;
	struct buffer body;
	struct span lent;               /* sent instead of `body` if data is set; must outlive the server */
	struct http_body_source source; /* sent instead of both if `read` is set */
};

/* Adds a header. `value` is not copied: it must be static or in the request's arena. One beyond MAX_RESPONSE_HEADERS
 * ends the program: it would be a defect, and a response that lacks a header could be an unsafe one. */
void response_header(struct response *response, const char *name, const char *value);

#endif
