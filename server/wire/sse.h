/* SPDX-License-Identifier: MIT */
/* sse.h - what goes over an event stream (text/event-stream), and how a position in the event log looks to clients. */
#ifndef SSE_H
#define SSE_H

#include "buffer.h"
#include "directmessages.h"

/* The first lines: a comment, so that proxies let the headers go, when to come again after a break (milliseconds), and
 * from where (NULL where the client has told that itself). */
void sse_begin(struct buffer *out, unsigned retry_ms, const struct dm_event_position *position);

/* A message that was sent or read, as `viewer_id` sees it. */
void sse_message(struct buffer *out, const struct dm_event *event, int64_t viewer_id);

/* What came after the client's position is not known any more; it is at `position` now. */
void sse_reset(struct buffer *out, const struct dm_event_position *position);

/* A comment, and how far the log has been looked through (may be NULL). */
void sse_heartbeat(struct buffer *out, const struct dm_event_position *position);

/* From the text of an `id:` line; false where that is none. */
bool sse_read_position(struct span text, struct dm_event_position *position);

#endif
