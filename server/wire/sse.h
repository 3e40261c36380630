/* SPDX-License-Identifier: MIT */
/* sse.h - what goes over an event stream (text/event-stream). Nothing in it tells what others do: `id:` is an opaque
 * position (position.h), and one that is not that of a message looks new each time. */
#ifndef SSE_H
#define SSE_H

#include "buffer.h"
#include "directmessages.h"
#include "position.h"

/* The first lines: a comment, so that proxies pass the headers on; after how many milliseconds to reconnect; and the
 * position to continue from (NULL if the client gave one). */
void sse_begin(struct buffer *out, unsigned retry_ms, const struct position_key *key,
	       const struct dm_event_position *position);

/* An event as `viewer_id` sees it. Its id is the same wherever it is sent. */
void sse_event(struct buffer *out, const struct position_key *key, const struct dm_event *event, int64_t viewer_id);

/* The events after the client's position are no longer known; the stream continues from `position`. */
void sse_reset(struct buffer *out, const struct position_key *key, const struct dm_event_position *position);

/* A comment, and how far the event log has been read (may be NULL). */
void sse_heartbeat(struct buffer *out, const struct position_key *key, const struct dm_event_position *position);

#endif
