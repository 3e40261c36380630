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

static const char *name_of(enum dm_signal signal)
{
	switch (signal) {
	case DM_MESSAGE_READ:
		return "message_read";
	case DM_MESSAGE_UNREAD:
		return "message_unread";
	case DM_MESSAGE_HIDDEN:
		return "message_hidden";
	case DM_CONVERSATION_HIDDEN:
		return "conversation_hidden";
	default:
		return "message_sent";
	}
}

static int64_t partner_of(const struct dm_message *message, int64_t viewer_id)
{
	return message->sender_id == viewer_id ? message->recipient_id : message->sender_id;
}

void sse_event(struct buffer *out, const struct position_key *key, const struct dm_event *event, int64_t viewer_id)
{
	char id[POSITION_LENGTH];

	buffer_printf(out, "event: %s\n", name_of(event->signal));
	position_seal(key, &event->position, NO_SALT, id);
	append_id(out, id);
	BUFFER_APPEND_LITERAL(out, "data: ");
	if (event->only_for != 0)
		shape_hidden(out, event->signal == DM_CONVERSATION_HIDDEN ? "up_to" : "id", event->message.id,
			     partner_of(&event->message, viewer_id));
	else
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
