/* SPDX-License-Identifier: MIT */
/* request.h - a request from its first line to its end; for http.c. */
#ifndef REQUEST_H
#define REQUEST_H

#include "http.h"

#include <microhttpd.h>

/* libmicrohttpd's MHD_OPTION_URI_LOG_CALLBACK, with the server as its context. */
void *request_on_target(void *server, const char *target, struct MHD_Connection *connection);

void request_free(struct request *request);

/* Reads on in the response's stream, and suspends the connection where that has to wait. */
ssize_t request_read_stream(struct request *request, char *out, size_t size);

/* After a step that waits: leaves the request to who wakes it. It may be gone when this returns. */
void request_suspend(struct request *request);

#endif
