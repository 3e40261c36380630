/* SPDX-License-Identifier: MIT */
/* rates.c - how often something may be done. */
#include "rates.h"

#include "span.h"

static const struct {
	const char *names[3]; /* the last one is for people */
	int64_t seconds;
} periods[RATE_PERIODS] = {
	[RATE_SECOND] = {{"s", "sec", "second"}, 1},
	[RATE_MINUTE] = {{"m", "min", "minute"}, 60},
	[RATE_HOUR] = {{"h", "hr", "hour"}, 3600},
	[RATE_DAY] = {{"d", "day", "day"}, 86400},
};

const char *rate_period_name(enum rate_period period)
{
	return periods[period].names[2];
}

int64_t rate_period_seconds(enum rate_period period)
{
	return periods[period].seconds;
}

static bool parse_period(struct span text, enum rate_period *period)
{
	for (size_t i = 0; i < RATE_PERIODS; i++)
		for (size_t j = 0; j < ARRAY_LENGTH(periods[i].names); j++)
			if (span_equal(text, span_from(periods[i].names[j]))) {
				*period = (enum rate_period)i;
				return true;
			}
	return false;
}

static bool has_period(const struct rates *rates, enum rate_period period)
{
	for (size_t i = 0; i < rates->count; i++)
		if (rates->rates[i].period == period)
			return true;
	return false;
}

static bool parse_one(struct span text, struct rate *rate)
{
	struct span rest = text, number = span_cut(&rest, '/');
	int64_t max;

	if (!rest.data || !parse_period(span_trim(rest), &rate->period) || !span_to_int64(span_trim(number), &max) ||
	    max < 0 || max > RATE_MAX)
		return false;
	rate->max = (uint32_t)max;
	return true;
}

bool rates_parse(struct rates *rates, const char *text)
{
	struct span rest = span_from(text ? text : "");

	*rates = (struct rates){.count = 0};
	if (rest.length == 0)
		return true;
	do {
		struct rate rate;

		if (!parse_one(span_trim(span_cut(&rest, ',')), &rate) || has_period(rates, rate.period))
			return false;
		rates->rates[rates->count++] = rate;
	} while (rest.data);
	return true;
}
