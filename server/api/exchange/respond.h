/* SPDX-License-Identifier: MIT */
/* respond.h - the responses of the API. Each function completes the response, with the headers that all responses have
 * and those of the route, and returns what a step is to return. */
#ifndef RESPOND_H
#define RESPOND_H

#include "exchange.h"

/* With exchange->content_type as the Content-Type: */
enum http_outcome respond(struct exchange *exchange, unsigned status); /* the body is in request->response.body */
enum http_outcome respond_lent(struct exchange *exchange, unsigned status,
			       struct span body); /* must outlive the server */
enum http_outcome respond_source(struct exchange *exchange, unsigned status, const struct http_body_source *source);
enum http_outcome respond_detached(struct exchange *exchange, unsigned status); /* request->detach sends the body */

/* Without a body. */
enum http_outcome respond_empty(struct exchange *exchange, unsigned status);

/* {"detail":...}, always JSON. The formatted text is cut off at 511 bytes. */
enum http_outcome respond_error(struct exchange *exchange, unsigned status, const char *format, ...) PRINTF_LIKE(3, 4);
enum http_outcome respond_detail(struct exchange *exchange, unsigned status, struct span detail);

/* An error response whose JSON is lent and must outlive the server. */
enum http_outcome respond_refusal(struct exchange *exchange, unsigned status, const char *json);

/* The error response for the failed operation of the exchange. `not_found` is the detail of a 404; NULL: the one for a
 * missing user. */
enum http_outcome respond_failure(struct exchange *exchange, const char *not_found);

/* 503: there is no memory, or requests hold too much of it. Allocates nothing. Drops the connection if a message was
 * stored, which 503 would deny. All responses become this one once an allocation has failed (arena.failed). */
enum http_outcome respond_no_room(struct request *request);

/* What respond_no_room sends, without `Allow`; for requests that there is no memory for at all. */
extern const struct response response_no_room;

#endif
