/* SPDX-License-Identifier: MIT */
/* events.h - signals tell this process what it did itself; the event log tells every process what all did. The rules
 * for all functions are in directmessages.h. */
#ifndef DIRECTMESSAGES_EVENTS_H
#define DIRECTMESSAGES_EVENTS_H

#include "core.h"
#include "messages.h"

#ifdef __cplusplus
extern "C" {
#endif

/* ---- signals ------------------------------------------------------------------------------------------------- */

enum dm_signal {
	DM_MESSAGE_SENT,    /* a message is stored */
	DM_MESSAGE_READ,    /* a message that was unread is marked as read; the message shows its read_at */
	DM_EVENTS_RECORDED, /* the event log has grown, once per commit; message is NULL, from_user and to are 0 */
	/* These are told by the event log alone; receivers can't be connected to them. */
	DM_MESSAGE_UNREAD,     /* a message that was read is marked as unread */
	DM_MESSAGE_HIDDEN,     /* a user has hidden a message */
	DM_CONVERSATION_HIDDEN /* a user has hidden all messages of a conversation up to event->message */
};

/* Called after the commit and before the call that caused it returns, on a thread of the library's (DM_EVENTS_RECORDED:
 * also when another process has written). The message is lent; from_user is its sender, to its recipient. A receiver
 * may call the library. Other writes wait while it runs, so do long work on a thread of your own. */
typedef void dm_receiver(void *context, enum dm_signal signal, const struct dm_message *message, int64_t from_user,
			 int64_t to);

/* Connects a receiver. The pair (receiver, context) can be connected once per signal (DM_EXISTS). */
DM_CHECK enum dm_status dm_connect(dm *handle, enum dm_signal signal, dm_receiver *receiver, void *context,
				   struct dm_error *error);

/* Disconnects it. When this returns, the receiver is not running and will not run again. (Called from within the
 * receiver, it does not wait for that very call.) False if it was not connected. */
DM_API bool dm_disconnect(dm *handle, enum dm_signal signal, dm_receiver *receiver, void *context);

/* ---- the event log ------------------------------------------------------------------------------------------- */

/* Every process that opened the database with record_events writes an event for each message that it sends, marks as
 * read or unread, or hides, and for each conversation that it hides, in the same commit; this costs one row per event.
 * The events stand in the order of the commits, until the log is trimmed. */

/* A position in the log: that of an event. Do not compute with it; store its three numbers and give them back. All 0 is
 * the beginning of a log that was never trimmed. Its size never changes. */
struct dm_event_position {
	int64_t transaction; /* 0 on SQLite */
	int64_t id;
	int64_t mark; /* of this event alone, in this log: another log's event at the same position has another */
};

/* Who stored the message, or marked it as read. */
enum dm_origin {
	DM_ORIGIN_SERVICE, /* a program that uses this library, such as the server */
	DM_ORIGIN_DJANGO   /* a Django project on the same database, which recorded it (contrib/django) */
};

struct dm_event {
	struct dm_event_position position;
	enum dm_signal signal;     /* DM_MESSAGE_SENT or DM_MESSAGE_READ; others only for all_kinds of DM_OP_EVENTS */
	int64_t at;                /* when the message was sent, read, marked as unread or hidden */
	struct dm_message message; /* as it was then: for DM_MESSAGE_SENT read_at is DM_UNREAD. Of what was hidden only
				      the ids are given; for DM_CONVERSATION_HIDDEN the sender is who has hidden it */
	bool hidden_for_sender;    /* as it is now */
	bool hidden_for_recipient; /* as it is now */
	enum dm_origin origin;
	int64_t only_for; /* who has hidden it: the one user whom this concerns; 0: both users */
};

/* Receives one lent event. Returning false ends the reading right behind this event, which is no failure. */
typedef bool dm_event_row(void *context, const struct dm_event *event);

/* Reads at most `limit` events (0: all) of messages sent and read behind *position and moves *position to the last of
 * them. *count (may be NULL) tells how many there were: fewer than limit means that the end of the log is reached.
 * Fewer rows may be lent: events whose message was deleted since are skipped, and, if user_id is not 0, so are events
 * of messages neither from nor to that user. DM_NOT_FOUND if the log does not hold *position: it was trimmed, or the
 * position is another log's. */
DM_CHECK enum dm_status dm_events(dm *handle, int64_t user_id, struct dm_event_position *position, size_t limit,
				  int64_t *count, dm_event_row *row, void *context, struct dm_error *error);

/* Gives the position of the newest event: what happens from now on stands behind it. */
DM_CHECK enum dm_status dm_events_newest(dm *handle, struct dm_event_position *position, struct dm_error *error);

/* Deletes the events before the time `before` (0: no such limit), and all but the newest `keep` (0: no such limit). It
 * deletes some thousands at a time, so that sending does not wait long: *removed tells how many; call it again until
 * that is 0. The newest event always stays. */
DM_CHECK enum dm_status dm_events_trim(dm *handle, int64_t before, size_t keep, int64_t *removed,
				       struct dm_error *error);

/* Gives the event log a new epoch: no position from before is in the log any more, so that a reader begins at the
 * newest event. For a database that was restored from a backup by other means than dm_restore. */
DM_CHECK enum dm_status dm_events_new_epoch(dm *handle, struct dm_error *error);

#ifdef __cplusplus
}
#endif
#endif
