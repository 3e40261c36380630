/* SPDX-License-Identifier: MIT */
/* lane_completion.c - completing the operations of a lane, and waiting until one is completed. */
#include "lane_completion.h"

void lane_complete(const struct store_options *store, struct dm_operation *operation)
{
	struct lane_waiter *waiter = operation->internal.waiter; /* the operation may be gone after `completed` */

	store->completed(operation);
	if (waiter) {
		pthread_mutex_lock(&waiter->mutex);
		waiter->is_done = true;
		pthread_cond_signal(&waiter->done);
		pthread_mutex_unlock(&waiter->mutex);
	}
}

void lane_fail(const struct store_options *store, struct dm_operation *const *operations, size_t count,
	       const struct dm_error *error)
{
	for (size_t i = 0; i < count; i++) {
		operations[i]->status = error->status;
		operations[i]->error = *error;
		lane_complete(store, operations[i]);
	}
}

void lane_waiter_init(struct lane_waiter *waiter, struct dm_operation *operation)
{
	*waiter = (struct lane_waiter){PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER, false};
	operation->internal.waiter = waiter;
}

void lane_waiter_await(struct lane_waiter *waiter)
{
	pthread_mutex_lock(&waiter->mutex);
	while (!waiter->is_done)
		pthread_cond_wait(&waiter->done, &waiter->mutex);
	pthread_mutex_unlock(&waiter->mutex);
	pthread_cond_destroy(&waiter->done);
	pthread_mutex_destroy(&waiter->mutex);
}
