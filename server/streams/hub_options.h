/* SPDX-License-Identifier: MIT */
/* hub_options.h - the settings of the hub, and the replies it gives to a request for an event stream. */
#ifndef HUB_OPTIONS_H
#define HUB_OPTIONS_H

#include "budget.h"
#include "directmessages.h"

struct hub_options {
	dm *handle; /* must record events; the hub does not own it */
	unsigned heartbeat_seconds;
	size_t max_queue_bytes; /* a client with more than this unsent when the next event arrives is dropped */
	size_t max_streams;
	size_t max_streams_per_user;
	int64_t keep_seconds;  /* events older than this are removed from the event log */
	size_t keep_events;    /* and all but the newest so many */
	struct budget *budget; /* counts what waits to be sent */
};

enum hub_reply {
	HUB_ADMITTED,
	HUB_FULL,        /* max_streams are open */
	HUB_FULL_USER,   /* the user has max_streams_per_user */
	HUB_UNAVAILABLE, /* no memory, the event log cannot be read, or the server is stopping */
};

#endif
