/* SPDX-License-Identifier: MIT */
/* event_match.c - rows of the event log: their kinds, and whether one is about the message that now has its id. */
#include "event_match.h"

bool event_is_of(const struct dm_message *message, enum dm_signal signal, int64_t at)
{
	if (signal == DM_MESSAGE_SENT)
		return at == message->sent_at;
	/* Its read_at may be another since, or none. Clocks of two servers may differ by a little. */
	return at == message->read_at || at > message->sent_at;
}

static bool complete_hidden(struct dm_event *event, const struct event_row *row, int64_t user_id)
{
	/* The message may be gone for good, which tells nobody that the user had hidden it. */
	bool is_another = row->has_message && event->message.sent_at >= row->at;

	event->signal = DM_MESSAGE_HIDDEN;
	event->only_for = user_id;
	event->message = (struct dm_message){.id = row->message_id,
					     .sender_id = row->sender_id,
					     .recipient_id = row->recipient_id,
					     .read_at = DM_UNREAD};
	return !is_another;
}

static bool complete_message(struct dm_event *event, const struct event_row *row, enum dm_signal signal)
{
	event->signal = signal;
	if (!row->has_message || !event_is_of(&event->message, signal, row->at))
		return false;
	event->message.read_at = signal == DM_MESSAGE_READ ? row->at : DM_UNREAD;
	return true;
}

bool event_complete(struct dm_event *event, const struct event_row *row)
{
	event->at = row->at;
	event->only_for = 0;
	switch (row->kind) {
	case EVENT_SENT:
		return complete_message(event, row, DM_MESSAGE_SENT);
	case EVENT_READ:
		return complete_message(event, row, DM_MESSAGE_READ);
	case EVENT_UNREAD:
		return complete_message(event, row, DM_MESSAGE_UNREAD);
	case EVENT_HIDDEN_FOR_SENDER:
		return complete_hidden(event, row, row->sender_id);
	case EVENT_HIDDEN_FOR_RECIPIENT:
		return complete_hidden(event, row, row->recipient_id);
	case EVENT_CONVERSATION_HIDDEN:
		(void)complete_hidden(event, row, row->sender_id);
		event->signal = DM_CONVERSATION_HIDDEN;
		return true;
	default:
		return false;
	}
}

bool event_is_wanted(const struct dm_event *event, const struct dm_op_events *reading)
{
	if (!reading->all_kinds && event->signal != DM_MESSAGE_SENT && event->signal != DM_MESSAGE_READ)
		return false;
	if (reading->user_id == 0)
		return true;
	if (event->only_for != 0)
		return event->only_for == reading->user_id;
	return event->message.sender_id == reading->user_id || event->message.recipient_id == reading->user_id;
}
