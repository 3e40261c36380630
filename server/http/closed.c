/* SPDX-License-Identifier: MIT */
/* closed.c - why the server closes connections, and how often it did. */
#include "closed.h"

#include "log.h"

static const struct {
	const char *name, *sentence;
} reasons[HTTP_CLOSED_REASONS] = {
	[HTTP_CLOSED_IDLE] = {"idle", "no request arrived"},
	[HTTP_CLOSED_HEAD] = {"slow-head", "a request's head was not complete in time"},
	[HTTP_CLOSED_SLOW] = {"slow", "a body or a response hardly moved"},
	[HTTP_CLOSED_ROOM] = {"room", "it was silent, and others were waiting for a place"},
	[HTTP_CLOSED_ADDRESS] = {"address", "its address has as many connections as it may have"},
	[HTTP_CLOSED_STOP] = {"stop", "the server is stopping"},
};

const char *http_closed_name(enum http_closed why)
{
	return reasons[why].name;
}

void http_closed_note(struct http_counts *counts, enum http_closed why)
{
	atomic_fetch_add_explicit(&counts->closed[why], 1, memory_order_relaxed);
	log_line(LOG_DEBUG, "closed a connection: %s", reasons[why].sentence);
}
