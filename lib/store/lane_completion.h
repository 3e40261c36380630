/* SPDX-License-Identifier: MIT */
/* lane_completion.h - completing the operations of a lane, and waiting until one is completed. */
#ifndef LANE_COMPLETION_H
#define LANE_COMPLETION_H

#include "store.h"

#include <pthread.h>

/* Completes the operation, then wakes the thread that waits for it in lane_run. */
void lane_complete(const struct store_options *store, struct dm_operation *operation);

/* Gives the operations this failure and completes them. */
void lane_fail(const struct store_options *store, struct dm_operation *const *operations, size_t count,
	       const struct dm_error *error);

/* One thread that waits for one operation. */
struct lane_waiter {
	pthread_mutex_t mutex;
	pthread_cond_t done;
	bool is_done;
};

/* The operation must not have been submitted yet. */
void lane_waiter_init(struct lane_waiter *waiter, struct dm_operation *operation);

/* Waits until lane_complete has completed it, and releases the waiter. */
void lane_waiter_await(struct lane_waiter *waiter);

#endif
