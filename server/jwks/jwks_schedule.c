/* SPDX-License-Identifier: MIT */
/* jwks_schedule.c - when a JWKS is fetched. */
#include "jwks_schedule.h"

#define SECOND INT64_C(1000000)

int64_t jwks_cache_seconds(struct span cache_control)
{
	int64_t seconds = -1, value;

	while (cache_control.data) {
		struct span value_text = span_trim(span_cut(&cache_control, ','));
		struct span name = span_trim(span_cut(&value_text, '='));

		if (span_equal_nocase(name, SPAN("no-store")) || span_equal_nocase(name, SPAN("no-cache")))
			return 0;
		if (seconds < 0 && span_equal_nocase(name, SPAN("max-age")) &&
		    span_to_int64(span_trim(value_text), &value))
			seconds = value;
	}
	return seconds;
}

void jwks_schedule_init(struct jwks_schedule *schedule, int64_t now)
{
	*schedule = (struct jwks_schedule){.due_at = now};
}

void jwks_schedule_succeeded(struct jwks_schedule *schedule, int64_t now, int64_t max_age)
{
	if (max_age < 0)
		max_age = JWKS_DEFAULT_AGE;
	if (max_age < JWKS_MIN_AGE)
		max_age = JWKS_MIN_AGE;
	if (max_age > JWKS_MAX_AGE)
		max_age = JWKS_MAX_AGE;
	schedule->failures = 0;
	schedule->due_at = now + max_age * SECOND;
}

void jwks_schedule_failed(struct jwks_schedule *schedule, int64_t now)
{
	int64_t pause = schedule->failures < 6 ? INT64_C(1) << schedule->failures : JWKS_MAX_PAUSE;

	schedule->failures++;
	schedule->due_at = now + (pause < JWKS_MAX_PAUSE ? pause : JWKS_MAX_PAUSE) * SECOND;
}

bool jwks_schedule_ask(struct jwks_schedule *schedule, int64_t now)
{
	if (schedule->due_at <= now)
		return true;
	/* After a failure the pause before the next attempt is short, and nobody can know whether the key exists. */
	if (schedule->failures > 0 ||
	    (schedule->asked_at != 0 && now < schedule->asked_at + JWKS_ASK_INTERVAL * SECOND))
		return false;
	schedule->asked_at = now;
	schedule->due_at = now;
	return true;
}
