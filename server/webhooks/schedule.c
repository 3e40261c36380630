/* SPDX-License-Identifier: MIT */
/* schedule.c - when a delivery that failed is tried again. */
#include "schedule.h"

#define SECOND INT64_C(1000000)
#define PAUSE_MOST 864000 /* ten days, in seconds */
#define RETRY_AFTER_MOST 86400

bool schedule_read(struct schedule *schedule, struct span list)
{
	schedule->count = 0;
	do {
		int64_t *pause = &schedule->pauses[schedule->count];

		if (schedule->count++ == SCHEDULE_MOST || !span_to_int64(span_trim(span_cut(&list, ',')), pause) ||
		    *pause > PAUSE_MOST)
			return false;
	} while (list.data);
	return true;
}

int64_t schedule_longest(const struct schedule *schedule)
{
	int64_t longest = RETRY_AFTER_MOST;

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
	if (retry_after > RETRY_AFTER_MOST)
		retry_after = RETRY_AFTER_MOST;
	if (pause < retry_after * SECOND)
		pause = retry_after * SECOND;
	return now + pause;
}
