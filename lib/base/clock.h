/* SPDX-License-Identifier: MIT */
/* clock.h - the time of day, which tests can set. */
#ifndef CLOCK_H
#define CLOCK_H

#include <stdint.h>

/* Microseconds since 1970-01-01 UTC. */
int64_t clock_now(void);

/* Makes clock_now answer `microseconds` until it is set to 0 again. */
void clock_set(int64_t microseconds);

/* Microseconds of a clock that never steps, for measuring how long something took. */
int64_t clock_monotonic(void);

#endif
