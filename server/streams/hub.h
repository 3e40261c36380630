/* SPDX-License-Identifier: MIT */
/* hub.h - the event streams that are open: one thread reads the event log's end and sends it to whom it concerns. */
#ifndef HUB_H
#define HUB_H

#include "directmessages.h"
#include "http.h"

struct hub;

struct hub_options {
	dm *handle; /* must record events */
	unsigned heartbeat_seconds;
	size_t queue_bytes; /* who has more than this waiting when the next event comes is dropped */
	size_t streams;     /* at once */
	size_t streams_per_user;
	int64_t keep_seconds;  /* older events are removed from the log */
	size_t keep_events;    /* and all but so many */
	struct budget *budget; /* of what waits to be sent */
};

/* NULL where there is no memory, no descriptor or no thread. */
MUST_CHECK struct hub *hub_start(const struct hub_options *options);

/* Ends all streams, and lets none begin any more: before http_stop. */
void hub_end_streams(struct hub *hub);

/* After http_stop. */
void hub_free(struct hub *hub);

struct hub_visitor {
	int64_t user_id;
	struct span key; /* the user's token: asked for again at each heartbeat */
	bool has_position;
	struct span position; /* where to go on, as the client told it */
};

enum hub_answer {
	HUB_ADMITTED,
	HUB_FULL,        /* too many streams */
	HUB_FULL_USER,   /* too many of this user */
	HUB_UNAVAILABLE, /* no memory, the log can't be read, or the server stops */
};

/* Asks for a stream. request_wake follows, and then hub_answer tells; call request_wait_begin before. False where there
 * is no memory. */
MUST_CHECK bool hub_ask(struct hub *hub, struct request *request, const struct hub_visitor *visitor);

/* What became of it. After HUB_ADMITTED the request is to be detached: request->detach is ready for it. */
MUST_CHECK enum hub_answer hub_answer_to(const struct request *request);

struct hub_counts {
	uint64_t open;
	uint64_t opened, dropped, dispatched; /* since the start: streams, too slow ones, events put into streams */
};

void hub_count(struct hub *hub, struct hub_counts *counts);

#endif
