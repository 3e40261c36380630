/* SPDX-License-Identifier: MIT */
/* hub.h - the hub: one thread that reads the event log and writes each event to the event streams of its users. */
#ifndef HUB_H
#define HUB_H

#include "http.h"
#include "hub_options.h"

struct hub;

/* Copies the options. NULL: no memory, no file descriptor or no thread. */
MUST_CHECK struct hub *hub_start(const struct hub_options *options);

/* Ends all streams and admits no more. Call it before http_stop. */
void hub_end_streams(struct hub *hub);

/* Stops the thread and frees the hub. Call it after http_stop. */
void hub_free(struct hub *hub);

/* Who asks for an event stream. The texts are copied. */
struct hub_client {
	int64_t user_id;
	struct span key;    /* the user's token, empty if there is none; the stream ends when it is not good any more */
	int64_t expires_at; /* the stream ends then (microseconds since 1970); 0: it does not end by itself */
	bool has_position;
	struct span position; /* the client's Last-Event-ID: the stream continues behind it */
};

/* Asks the hub to admit the request. Call request_wait_begin first: the hub calls request_wake, then hub_reply_to has
 * the reply. False: no memory; nothing was asked. */
MUST_CHECK bool hub_ask(struct hub *hub, struct request *request, const struct hub_client *client);

/* The hub's reply. After HUB_ADMITTED detach the request: request->detach is filled in. */
MUST_CHECK enum hub_reply hub_reply_to(const struct request *request);

struct hub_counts {
	uint64_t open;       /* streams, now */
	uint64_t opened;     /* streams, since the start */
	uint64_t dropped;    /* streams whose client was too slow, since the start */
	uint64_t dispatched; /* events put into streams, since the start */
};

/* Callable on any thread. */
void hub_count(struct hub *hub, struct hub_counts *counts);

#endif
