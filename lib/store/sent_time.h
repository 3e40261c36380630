/* SPDX-License-Identifier: MIT */
/* sent_time.h - when a message is sent: strictly later than the message before. */
#ifndef SENT_TIME_H
#define SENT_TIME_H

#include <stdint.h>

/* The time for a message that follows one of time `last`: now, or, so that the order of times is the order of commits
 * even within one batch, the next microsecond. A clock that was set back by more than a second is believed. */
int64_t sent_time_after(int64_t last);

#endif
