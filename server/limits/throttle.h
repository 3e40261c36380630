/* SPDX-License-Identifier: MIT */
/* throttle.h - counts what users do in sliding windows, as Django REST Framework's SimpleRateThrottle: each time of the
 * last period is kept, so a rate is exact. In memory, and bounded: when it is full, whoever has done nothing for the
 * longest time is forgotten. */
#ifndef THROTTLE_H
#define THROTTLE_H

#include "rates.h"

struct throttle;

/* NULL: no memory. */
MUST_CHECK struct throttle *throttle_new(void);
void throttle_free(struct throttle *throttle);

/* What is left of one rate. */
struct throttle_left {
	uint32_t left;   /* times that are left now */
	int64_t seconds; /* until one more is left, rounded up */
};

struct throttle_result {
	bool is_refused;
	int64_t wait_seconds;                    /* until it is worth another try, rounded up; 0: that can't be told */
	struct throttle_left left[RATE_PERIODS]; /* of the rates, in their order */
};

/* Asks whether the user may do it once more, at a time by a clock that never goes back (microseconds). If not, each
 * rate that would have allowed it has counted it all the same, as in Django REST Framework. False: there is no memory.
 */
MUST_CHECK bool throttle_ask(struct throttle *throttle, const struct rates *rates, int64_t user_id, int64_t now,
			     struct throttle_result *result);

/* Takes back what was counted at that time, since it was not done; the result then says what is left. */
void throttle_take_back(struct throttle *throttle, const struct rates *rates, int64_t user_id, int64_t then,
			struct throttle_result *result);

/* Counts a request that was refused by a limit, and gives how many were. */
enum throttled { THROTTLED_SENDS, THROTTLED_NEW_PARTNERS, THROTTLED_LIMITS };
void throttle_count_refusal(struct throttle *throttle, enum throttled limit);
uint64_t throttle_refusals(struct throttle *throttle, enum throttled limit);

/* How many bytes it holds. */
#define THROTTLE_MAX_BYTES ((size_t)64 << 20)
size_t throttle_bytes(struct throttle *throttle);

#endif
