/* SPDX-License-Identifier: MIT */
/* schedule.h - when a failed delivery is retried. */
#ifndef SCHEDULE_H
#define SCHEDULE_H

#include "attributes.h"
#include "span.h"

#define MAX_RETRIES 32

/* The example of the Standard Webhooks specification: ten attempts within a bit more than three days. */
#define SCHEDULE_DEFAULT "5,300,1800,7200,18000,36000,50400,72000,86400"

struct schedule {
	int64_t pauses[MAX_RETRIES]; /* seconds: before the 2nd, the 3rd, ... attempt */
	size_t count;
};

/* Parses seconds, separated by commas. False: not such a list, or too long. */
MUST_CHECK bool schedule_parse(struct schedule *schedule, struct span list);

/* When the next attempt is due after `attempts` have failed, microseconds since 1970; 0: there is none. `now` is the
 * same clock. The pause is up to a tenth longer or shorter, by the random number `dice`, but not shorter than the
 * seconds of the endpoint's Retry-After (0: none; a day counts at most). */
int64_t schedule_next(const struct schedule *schedule, int64_t now, int64_t attempts, int64_t retry_after,
		      uint32_t dice);

/* The longest pause that schedule_next can return, microseconds. */
int64_t schedule_longest(const struct schedule *schedule);

#endif
