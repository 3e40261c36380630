/* SPDX-License-Identifier: MIT */
/* schedule.c - when a failed delivery is retried. */
#include "schedule.h"

#define SECOND INT64_C(1000000)
#define MAX_PAUSE 864000      /* ten days, in seconds */
#define MAX_RETRY_AFTER 86400 /* a day, in seconds */

bool schedule_parse(struct schedule *schedule, struct span list)
{
	schedule->count = 0;
	do {
		int64_t *pause = &schedule->pauses[schedule->count];

		if (schedule->count++ == MAX_RETRIES || !span_to_int64(span_trim(span_cut(&list, ',')), pause) ||
		    *pause > MAX_PAUSE)
			return false;
	} while (list.data);
	return true;
}

int64_t schedule_longest(const struct schedule *schedule)
{
	int64_t longest = MAX_RETRY_AFTER;

	for (size_t i = 0; i < schedule->count; i++) {
		int64_t pause = schedule->pauses[i] + schedule->pauses[i] / 10 + 1;

		longest = pause > longest ? pause : longest;
	}
	return longest * SECOND;
}

int64_t schedule_next(const struct schedule *schedule, int64_t now, int64_t attempts, int64_t retry_after,
		      uint32_t dice)
{
	int64_t pause, spread;

	if (attempts < 1 || (uint64_t)attempts > schedule->count)
		return 0;
	pause = schedule->pauses[attempts - 1] * SECOND;
	spread = pause / 5;
	pause += (int64_t)((double)spread * (dice / 4294967296.0 - 0.5));
	if (retry_after > MAX_RETRY_AFTER)
		retry_after = MAX_RETRY_AFTER;
	if (pause < retry_after * SECOND)
		pause = retry_after * SECOND;
	return now + pause;
}
