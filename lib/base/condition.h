/* SPDX-License-Identifier: MIT */
/* condition.h - condition variables that wait until a point in time of the monotonic clock. */
#ifndef CONDITION_H
#define CONDITION_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

/* To be destroyed by pthread_cond_destroy. */
void condition_init(pthread_cond_t *condition);

/* Waits until the condition is signalled, with the mutex locked as for pthread_cond_wait. False: the deadline, in
 * microseconds of clock_monotonic(), has passed. */
bool condition_wait_until(pthread_cond_t *condition, pthread_mutex_t *mutex, int64_t deadline);

#endif
