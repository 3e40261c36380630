/* SPDX-License-Identifier: MIT */
/* schedule.h - when a delivery that failed is tried again. */
#ifndef SCHEDULE_H
#define SCHEDULE_H

#include "attributes.h"
#include "span.h"

#define SCHEDULE_MOST 32

/* The specification's example: ten attempts within a bit more than three days. */
#define SCHEDULE_DEFAULT "5,300,1800,7200,18000,36000,50400,72000,86400"

struct schedule {
	int64_t pauses[SCHEDULE_MOST]; /* seconds: before the 2nd, the 3rd, ... attempt */
	size_t count;
};

/* Reads seconds with commas between them. */
MUST_CHECK bool schedule_read(struct schedule *schedule, struct span list);

/* The time of the next attempt, microseconds, after `attempts` have failed; 0 where there is none. The pause gets
 * up to a tenth longer or shorter, by `dice`, which is random; it is not shorter than `retry_after` seconds, which the
 * endpoint has asked for (a day at most). */
int64_t schedule_next(const struct schedule *schedule, int64_t now, int64_t attempts, int64_t retry_after,
		      uint32_t dice);

/* The longest time, microseconds, that schedule_next may give from now. */
int64_t schedule_longest(const struct schedule *schedule);

#endif
