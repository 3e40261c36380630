/* SPDX-License-Identifier: MIT */
/* clock.c - the time of day, which tests can set. */
#include "clock.h"

#include <stdatomic.h>
#include <time.h>

static _Atomic int64_t fixed;

static int64_t read_clock(clockid_t id)
{
	struct timespec now;

	clock_gettime(id, &now);
	return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

int64_t clock_now(void)
{
	int64_t set = atomic_load_explicit(&fixed, memory_order_relaxed);

	return set != 0 ? set : read_clock(CLOCK_REALTIME);
}

void clock_set(int64_t microseconds)
{
	atomic_store_explicit(&fixed, microseconds, memory_order_relaxed);
}

int64_t clock_monotonic(void)
{
	return read_clock(CLOCK_MONOTONIC);
}
