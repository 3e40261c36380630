/* SPDX-License-Identifier: MIT */
/* rates.h - how often something may be done, in Django REST Framework's notation: "60/min,1000/day". */
#ifndef RATES_H
#define RATES_H

#include "attributes.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The periods that there are. A list has at most one rate for each. */
enum rate_period { RATE_SECOND, RATE_MINUTE, RATE_HOUR, RATE_DAY, RATE_PERIODS };

#define RATE_MAX 100000

struct rate {
	enum rate_period period;
	uint32_t max; /* times in a period; 0 to RATE_MAX */
};

struct rates {
	struct rate rates[RATE_PERIODS];
	size_t count; /* 0: no limit */
};

/* False: the text is no such list, or names a period twice. NULL and "" are none. */
MUST_CHECK bool rates_parse(struct rates *rates, const char *text);

/* "second", "minute", "hour", "day". */
const char *rate_period_name(enum rate_period period);
int64_t rate_period_seconds(enum rate_period period);

#endif
