/* SPDX-License-Identifier: MIT */
/* closed.h - why the server closes connections, and how often it did. */
#ifndef CLOSED_H
#define CLOSED_H

#include <stdatomic.h>

/* Why we closed a connection that its client would have kept. */
enum http_closed {
	HTTP_CLOSED_IDLE,    /* no request arrived */
	HTTP_CLOSED_HEAD,    /* a request's head was not complete in time */
	HTTP_CLOSED_SLOW,    /* a body or a response hardly moved */
	HTTP_CLOSED_ROOM,    /* it was silent, and others were waiting for a place */
	HTTP_CLOSED_ADDRESS, /* its address has too many connections */
	HTTP_CLOSED_STOP,    /* the server is stopping */
	HTTP_CLOSED_REASONS
};

/* Counts connections. */
struct http_counts {
	atomic_size_t open;
	atomic_size_t aside;                       /* those of them that are quiet, and need next to no memory */
	atomic_size_t closed[HTTP_CLOSED_REASONS]; /* since the start */
};

/* The reason's name in the log and the metrics. */
const char *http_closed_name(enum http_closed why);

/* Counts and logs a connection that is closed for this reason. */
void http_closed_note(struct http_counts *counts, enum http_closed why);

#endif
