/* SPDX-License-Identifier: MIT */
/* http.h - requests come in, steps work on them, responses go out. Knows nothing of messages.
 *
 * A request goes through steps. Each step returns what is to happen next; it never sends and never blocks. This header
 * is for users of the folder; its own files include the parts. */
#ifndef HTTP_H
#define HTTP_H

#include "header.h"
#include "http_options.h"
#include "request.h"
#include "response.h"
#include "wait.h"

struct http_server;

/* Serves options->socket. NULL if a loop can't be started: no memory, thread or descriptor. `options` is copied. */
MUST_CHECK struct http_server *http_start(const struct http_options *options);

/* Accepts no more connections, answers what has been sent on the open ones, closes them and frees the server. Clients
 * get at most `seconds`; a request that waits for request_wake is always waited for. */
void http_stop(struct http_server *server, unsigned seconds);

#endif
