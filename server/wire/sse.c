/* SPDX-License-Identifier: MIT */
/* sse.c - what goes over an event stream. A message's JSON contains no line break, so its data is one line. */
#include "sse.h"

#include "shapes.h"

/* "id-mark" on SQLite, "transaction-id-mark" elsewhere. */
static void append_position(struct buffer *out, const struct dm_event_position *position)
{
	if (position->transaction != 0) {
		buffer_append_int(out, position->transaction);
		buffer_append_char(out, '-');
	}
	buffer_append_int(out, position->id);
	buffer_append_char(out, '-');
	buffer_append_int(out, position->mark);
}

bool sse_parse_position(struct span text, struct dm_event_position *position)
{
	struct span first = span_cut(&text, '-'), second = span_cut(&text, '-');

	position->transaction = 0;
	if (!text.data)
		return span_to_int64(first, &position->id) && span_to_int64(second, &position->mark);
	return span_to_int64(first, &position->transaction) && span_to_int64(second, &position->id) &&
	       span_to_int64(text, &position->mark);
}

static void append_id(struct buffer *out, const struct dm_event_position *position)
{
	BUFFER_APPEND_LITERAL(out, "id: ");
	append_position(out, position);
	buffer_append_char(out, '\n');
}

void sse_begin(struct buffer *out, unsigned retry_ms, const struct dm_event_position *position)
{
	BUFFER_APPEND_LITERAL(out, ":\nretry: ");
	buffer_append_int(out, retry_ms);
	buffer_append_char(out, '\n');
	if (position)
		append_id(out, position);
	buffer_append_char(out, '\n');
}

void sse_message(struct buffer *out, const struct dm_event *event, int64_t viewer_id)
{
	if (event->signal == DM_MESSAGE_READ)
		BUFFER_APPEND_LITERAL(out, "event: message_read\n");
	else
		BUFFER_APPEND_LITERAL(out, "event: message_sent\n");
	append_id(out, &event->position);
	BUFFER_APPEND_LITERAL(out, "data: ");
	shape_message(out, &event->message, viewer_id);
	BUFFER_APPEND_LITERAL(out, "\n\n");
}

void sse_reset(struct buffer *out, const struct dm_event_position *position)
{
	BUFFER_APPEND_LITERAL(out, "event: reset\n");
	append_id(out, position);
	BUFFER_APPEND_LITERAL(out, "data: {\"detail\":\"The events after this position are not known any more.\","
				   "\"position\":\"");
	append_position(out, position);
	BUFFER_APPEND_LITERAL(out, "\"}\n\n");
}

void sse_heartbeat(struct buffer *out, const struct dm_event_position *position)
{
	BUFFER_APPEND_LITERAL(out, ":\n");
	if (position)
		append_id(out, position);
	buffer_append_char(out, '\n');
}
