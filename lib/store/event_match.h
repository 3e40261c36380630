/* SPDX-License-Identifier: MIT */
/* event_match.h - rows of the event log: their kinds, and whether one is about the message that now has its id. */
#ifndef EVENT_MATCH_H
#define EVENT_MATCH_H

#include "attributes.h"
#include "directmessages.h"

/* The column `kind`. 0 is the beginning of the log, which is a position and not an event. Of a conversation that was
 * hidden, sender_id is who has hidden it, recipient_id the partner, message_id the newest message that was hidden.
 *
 * A server from before the kinds behind EVENT_READ takes each of them for a message that was sent, but not at `at`, and
 * leaves it out. So `at` of these is never the time at which their message was sent. */
enum event_kind {
	EVENT_SENT = 1,
	EVENT_READ = 2,
	EVENT_UNREAD = 4,
	EVENT_HIDDEN_FOR_SENDER = 5,
	EVENT_HIDDEN_FOR_RECIPIENT = 6,
	EVENT_CONVERSATION_HIDDEN = 7
};

/* What a row says. */
struct event_row {
	int64_t kind, at;
	int64_t message_id, sender_id, recipient_id;
	bool has_message; /* there is a message with this id between these two users, in event->message */
};

/* Makes of the row, and of the message that now has its id, the event as it was. False: it is none that can be told.
 * The message is gone, or another one has its id; or the row is of a kind that is not known here. */
MUST_CHECK bool event_complete(struct dm_event *event, const struct event_row *row);

/* Whether a reader wants the event. */
MUST_CHECK bool event_is_wanted(const struct dm_event *event, const struct dm_op_events *reading);

/* Whether the event with this time, which is of a kind of message, is about the message that now has its id. A later
 * message that got the same id, even between the same two users, was sent after the event. */
MUST_CHECK bool event_is_of(const struct dm_message *message, enum dm_signal signal, int64_t at);

#endif
