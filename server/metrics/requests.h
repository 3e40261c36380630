/* SPDX-License-Identifier: MIT */
/* requests.h - counts requests by kind, status and duration, at next to no cost for those who are counted. */
#ifndef REQUESTS_H
#define REQUESTS_H

#include "attributes.h"

#include <stddef.h>
#include <stdint.h>

struct request_counts;

/* Kinds are numbers below `kinds`. As many threads count without disturbing each other; more may count too. NULL
 * without memory. */
MUST_CHECK struct request_counts *request_counts_new(size_t kinds, unsigned threads);
void request_counts_free(struct request_counts *counts);

/* A request begins, and ends with a status (0: it was never answered). */
void request_counts_begin(struct request_counts *counts);
void request_counts_end(struct request_counts *counts, size_t kind, unsigned status, int64_t microseconds);

/* How many have begun and not ended. */
size_t request_counts_under_way(struct request_counts *counts);

#define REQUEST_STATUS_FIRST 100
#define REQUEST_STATUS_END 600

/* Ended with this status (0, or one within the bounds above; others are counted as 0). */
uint64_t request_counts_of(struct request_counts *counts, size_t kind, unsigned status);

#define REQUEST_BOUNDS 16
extern const int64_t request_bounds[REQUEST_BOUNDS]; /* microseconds */

struct request_durations {
	uint64_t counts[REQUEST_BOUNDS + 1]; /* see exposition.h */
	int64_t sum;                         /* microseconds */
};

void request_counts_durations(struct request_counts *counts, size_t kind, struct request_durations *durations);

#endif
