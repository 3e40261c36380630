/* SPDX-License-Identifier: MIT */
/* condition.c - condition variables that wait until a point in time of the monotonic clock. */
#include "condition.h"

#include <errno.h>
#include <time.h>

void condition_init(pthread_cond_t *condition)
{
	pthread_condattr_t monotonic;

	pthread_condattr_init(&monotonic);
	pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
	pthread_cond_init(condition, &monotonic);
	pthread_condattr_destroy(&monotonic);
}

bool condition_wait_until(pthread_cond_t *condition, pthread_mutex_t *mutex, int64_t deadline)
{
	const struct timespec until = {.tv_sec = deadline / 1000000, .tv_nsec = deadline % 1000000 * 1000};

	return pthread_cond_timedwait(condition, mutex, &until) != ETIMEDOUT;
}
