/* SPDX-License-Identifier: MIT */
/* event_match.c - whether an event of the log is about the message that now has its id. */
#include "event_match.h"

bool event_is_of(const struct dm_message *message, enum dm_signal signal, int64_t at)
{
	return at == (signal == DM_MESSAGE_READ ? message->read_at : message->sent_at);
}
