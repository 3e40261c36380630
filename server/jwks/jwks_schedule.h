/* SPDX-License-Identifier: MIT */
/* jwks_schedule.h - when a JWKS is fetched: by what its server says, after failures, and because of a key that nobody
 * knows. Times are of clock_monotonic. */
#ifndef JWKS_SCHEDULE_H
#define JWKS_SCHEDULE_H

#include "attributes.h"
#include "span.h"

#include <stdint.h>

/* In seconds. Whatever Cache-Control says, a key that is withdrawn is gone after an hour. */
#define JWKS_MIN_AGE 60
#define JWKS_MAX_AGE 3600
#define JWKS_DEFAULT_AGE 600
#define JWKS_MAX_PAUSE 60    /* between attempts after failures */
#define JWKS_ASK_INTERVAL 60 /* between fetches because of unknown keys */

struct jwks_schedule {
	int64_t due_at;    /* the next fetch */
	int64_t asked_at;  /* when an unknown key last made one due; 0: never */
	unsigned failures; /* in a row */
};

/* A Cache-Control header's max-age in seconds, 0 if it forbids keeping; -1: it says nothing of this. */
int64_t jwks_cache_seconds(struct span cache_control);

void jwks_schedule_init(struct jwks_schedule *schedule, int64_t now);

/* A fetch has succeeded; max_age as above. */
void jwks_schedule_succeeded(struct jwks_schedule *schedule, int64_t now, int64_t max_age);

/* A fetch has failed. */
void jwks_schedule_failed(struct jwks_schedule *schedule, int64_t now);

/* Whether a key that isn't known is worth waiting for: a fetch is due, or has become so by this. */
MUST_CHECK bool jwks_schedule_ask(struct jwks_schedule *schedule, int64_t now);

#endif
