/* SPDX-License-Identifier: MIT */
/* requests.c - counts requests: each thread has counters of its own, so that none waits for another's cache line.
 * Reading adds them up. */
#include "requests.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#define CACHE_LINE 64
#define STATUSES (1 + REQUEST_STATUS_END - REQUEST_STATUS_FIRST)

typedef atomic_uint_fast64_t counter;

struct kind_counts {
	counter statuses[STATUSES]; /* the first: no response */
	counter durations[REQUEST_BOUNDS + 1];
	counter microseconds;
};

struct shard {
	counter begun;
	struct kind_counts kinds[];
};

struct request_counts {
	size_t kinds;
	size_t shards_count;
	struct shard *shards[];
};

const int64_t request_bounds[REQUEST_BOUNDS] = {100,   250,    500,    1000,   2500,    5000,    10000,   25000,
						50000, 100000, 250000, 500000, 1000000, 2500000, 5000000, 10000000};

static struct shard *shard_new(size_t kinds)
{
	size_t size = sizeof(struct shard) + kinds * sizeof(struct kind_counts);
	struct shard *shard = NULL;

	if (posix_memalign((void **)&shard, CACHE_LINE, (size + CACHE_LINE - 1) / CACHE_LINE * CACHE_LINE) != 0)
		return NULL;
	memset(shard, 0, size);
	return shard;
}

struct request_counts *request_counts_new(size_t kinds, unsigned threads)
{
	struct request_counts *counts = calloc(1, sizeof(*counts) + threads * sizeof(struct shard *));

	if (!counts)
		return NULL;
	counts->kinds = kinds;
	while (counts->shards_count < threads) {
		struct shard *shard = shard_new(kinds);

		if (!shard) {
			request_counts_free(counts);
			return NULL;
		}
		counts->shards[counts->shards_count++] = shard;
	}
	return counts;
}

void request_counts_free(struct request_counts *counts)
{
	if (!counts)
		return;
	for (size_t i = 0; i < counts->shards_count; i++)
		free(counts->shards[i]);
	free(counts);
}

/* The counters of this thread. Threads are numbered in the order in which they first count. */
static struct shard *own_shard(struct request_counts *counts)
{
	static atomic_uint threads;
	static _Thread_local unsigned number;

	if (number == 0)
		number = 1 + atomic_fetch_add_explicit(&threads, 1, memory_order_relaxed);
	return counts->shards[number % counts->shards_count];
}

static void add(counter *where, uint64_t what)
{
	atomic_fetch_add_explicit(where, what, memory_order_relaxed);
}

static uint64_t get(counter *where)
{
	return atomic_load_explicit(where, memory_order_relaxed);
}

static size_t status_slot(unsigned status)
{
	return status >= REQUEST_STATUS_FIRST && status < REQUEST_STATUS_END ? 1 + status - REQUEST_STATUS_FIRST : 0;
}

void request_counts_begin(struct request_counts *counts)
{
	add(&own_shard(counts)->begun, 1);
}

void request_counts_end(struct request_counts *counts, size_t kind, unsigned status, int64_t microseconds)
{
	struct kind_counts *own = &own_shard(counts)->kinds[kind];
	size_t bound = 0;

	while (bound < REQUEST_BOUNDS && microseconds > request_bounds[bound])
		bound++;
	add(&own->durations[bound], 1);
	add(&own->microseconds, (uint64_t)microseconds);
	add(&own->statuses[status_slot(status)], 1);
}

static uint64_t count_ended(struct request_counts *counts)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < counts->shards_count; i++)
		for (size_t kind = 0; kind < counts->kinds; kind++)
			for (size_t bound = 0; bound <= REQUEST_BOUNDS; bound++)
				sum += get(&counts->shards[i]->kinds[kind].durations[bound]);
	return sum;
}

/* Reads the ends first: a request that ends meanwhile makes the result too large for a moment, not negative. */
size_t request_counts_under_way(struct request_counts *counts)
{
	uint64_t ended = count_ended(counts), begun = 0;

	for (size_t i = 0; i < counts->shards_count; i++)
		begun += get(&counts->shards[i]->begun);
	return begun > ended ? begun - ended : 0;
}

uint64_t request_counts_of(struct request_counts *counts, size_t kind, unsigned status)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < counts->shards_count; i++)
		sum += get(&counts->shards[i]->kinds[kind].statuses[status_slot(status)]);
	return sum;
}

void request_counts_durations(struct request_counts *counts, size_t kind, struct request_durations *durations)
{
	*durations = (struct request_durations){.sum = 0};
	for (size_t i = 0; i < counts->shards_count; i++) {
		struct kind_counts *own = &counts->shards[i]->kinds[kind];

		for (size_t bound = 0; bound <= REQUEST_BOUNDS; bound++)
			durations->counts[bound] += get(&own->durations[bound]);
		durations->sum += (int64_t)get(&own->microseconds);
	}
}
