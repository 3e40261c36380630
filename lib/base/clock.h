/* SPDX-License-Identifier: MIT */
/* clock.h - the time of day, which tests can set. */
#ifndef CLOCK_H
#define CLOCK_H

#include <stdint.h>

/* Microseconds since 1970-01-01 UTC. */
int64_t clock_now(void);

/* Makes clock_now return `microseconds` until this is called with 0. */
void clock_set(int64_t microseconds);

/* Microseconds of a clock that is never set: for measuring durations. */
int64_t clock_monotonic(void);

#endif
