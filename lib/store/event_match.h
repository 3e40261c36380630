/* SPDX-License-Identifier: MIT */
/* event_match.h - whether an event of the log is about the message that now has its id. */
#ifndef EVENT_MATCH_H
#define EVENT_MATCH_H

#include "directmessages.h"

/* `at` is the event's time, which is the message's time of that event: when it was sent, or read. So a later message
 * that got the same id, even between the same two users, is not mistaken for it. */
bool event_is_of(const struct dm_message *message, enum dm_signal signal, int64_t at);

#endif
