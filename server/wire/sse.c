/* SPDX-License-Identifier: MIT */
/* sse.c - what goes over an event stream. A message's JSON contains no line break, so its data is one line. */
#include "sse.h"

#include "random.h"
#include "shapes.h"

/* The salt of a message's own position. */
#define NO_SALT 0

static void append_id(struct buffer *out, const char text[POSITION_LENGTH])
{
	BUFFER_APPEND_LITERAL(out, "id: ");
	buffer_append(out, text, POSITION_LENGTH);
	buffer_append_char(out, '\n');
}

/* How far the log has been read: in most cases the position of somebody else's message. Without a salt the user would
 * see whether it has moved. */
static void seal_place(struct buffer *out, const struct position_key *key, const struct dm_event_position *position,
		       char text[POSITION_LENGTH])
{
	uint64_t salt = NO_SALT;

	if (!random_bytes(&salt, sizeof(salt)))
		out->failed = true;
	position_seal(key, position, salt, text);
}

void sse_begin(struct buffer *out, unsigned retry_ms, const struct position_key *key,
	       const struct dm_event_position *position)
{
	char id[POSITION_LENGTH];

	BUFFER_APPEND_LITERAL(out, ":\nretry: ");
	buffer_append_int(out, retry_ms);
	buffer_append_char(out, '\n');
	if (position) {
		seal_place(out, key, position, id);
		append_id(out, id);
	}
	buffer_append_char(out, '\n');
}

void sse_message(struct buffer *out, const struct position_key *key, const struct dm_event *event, int64_t viewer_id)
{
	char id[POSITION_LENGTH];

	if (event->signal == DM_MESSAGE_READ)
		BUFFER_APPEND_LITERAL(out, "event: message_read\n");
	else
		BUFFER_APPEND_LITERAL(out, "event: message_sent\n");
	position_seal(key, &event->position, NO_SALT, id);
	append_id(out, id);
	BUFFER_APPEND_LITERAL(out, "data: ");
	shape_message(out, &event->message, viewer_id);
	BUFFER_APPEND_LITERAL(out, "\n\n");
}

void sse_reset(struct buffer *out, const struct position_key *key, const struct dm_event_position *position)
{
	char id[POSITION_LENGTH];

	BUFFER_APPEND_LITERAL(out, "event: reset\n");
	seal_place(out, key, position, id);
	append_id(out, id);
	BUFFER_APPEND_LITERAL(out, "data: {\"detail\":\"The events after this position are not known any more.\","
				   "\"position\":\"");
	buffer_append(out, id, POSITION_LENGTH);
	BUFFER_APPEND_LITERAL(out, "\"}\n\n");
}

void sse_heartbeat(struct buffer *out, const struct position_key *key, const struct dm_event_position *position)
{
	char id[POSITION_LENGTH];

	BUFFER_APPEND_LITERAL(out, ":\n");
	if (position) {
		seal_place(out, key, position, id);
		append_id(out, id);
	}
	buffer_append_char(out, '\n');
}
