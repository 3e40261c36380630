/* SPDX-License-Identifier: MIT */
/* sent_time.h - when a message is sent: strictly later than the message before. */
#ifndef SENT_TIME_H
#define SENT_TIME_H

#include <stdint.h>

/* The time, in microseconds since 1970, of a message that is sent after one of time `last`: now, or where that is not
 * later, the next microsecond, so that times are in the order of commits even within a batch. If the clock was set back
 * by more than a second it is now. */
int64_t sent_time_after(int64_t last);

#endif
