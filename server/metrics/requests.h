/* SPDX-License-Identifier: MIT */
/* requests.h - counts requests by kind, status and duration, at next to no cost. */
#ifndef REQUESTS_H
#define REQUESTS_H

#include "attributes.h"

#include <stddef.h>
#include <stdint.h>

struct request_counts;

/* Counters for the kinds 0 to kinds - 1. Up to `threads` threads count without slowing each other; more may count too.
 * NULL: no memory. */
MUST_CHECK struct request_counts *request_counts_new(size_t kinds, unsigned threads);
void request_counts_free(struct request_counts *counts);

/* Counts the begin of a request, and its end with a status (0: there was no response). Callable on any thread, as the
 * other functions are. */
void request_counts_begin(struct request_counts *counts);
void request_counts_end(struct request_counts *counts, size_t kind, unsigned status, int64_t microseconds);

/* How many requests have begun and not ended. */
size_t request_counts_under_way(struct request_counts *counts);

#define REQUEST_STATUS_FIRST 100
#define REQUEST_STATUS_END 600

/* How many requests ended with this status. Statuses out of the range above are counted as 0. */
uint64_t request_counts_of(struct request_counts *counts, size_t kind, unsigned status);

#define REQUEST_BOUNDS 16
extern const int64_t request_bounds[REQUEST_BOUNDS]; /* of the durations, microseconds, ascending */

struct request_durations {
	uint64_t counts[REQUEST_BOUNDS + 1]; /* as in struct exposition_histogram */
	int64_t sum;                         /* microseconds */
};

void request_counts_durations(struct request_counts *counts, size_t kind, struct request_durations *durations);

#endif
