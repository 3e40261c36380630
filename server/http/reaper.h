/* SPDX-License-Identifier: MIT */
/* reaper.h - closes connections whose clients take too long. On the loop's thread. */
#ifndef REAPER_H
#define REAPER_H

#include "loop.h"

/* Closes the connections whose timeout is over. False: it is not yet time to look again. */
bool reaper_check(struct loop *loop);

/* For how long there is nothing to check, in milliseconds; -1: for ever. */
int64_t reaper_sleep_ms(const struct loop *loop);

/* Closes the connection whose client has been silent for the longest, so that another has room. False: none has been
 * silent for a second. */
bool reaper_make_room(struct loop *loop);

#endif
