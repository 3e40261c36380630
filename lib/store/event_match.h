/* SPDX-License-Identifier: MIT */
/* event_match.h - whether an event of the log tells of the message that now has its id. */
#ifndef EVENT_MATCH_H
#define EVENT_MATCH_H

#include "directmessages.h"

/* `at` is the message's own time of what the event tells of: that it was sent, or read. So a later message that got the
 * same id, even between the same two, is not mistaken for it. */
bool event_is_of(const struct dm_message *message, enum dm_signal signal, int64_t at);

#endif
