/* SPDX-License-Identifier: MIT */
/* lane.c - a thread with its own database session, which runs all operations that wait as one batch. */
#include "lane.h"

#include "failure.h"

#include <pthread.h>
#include <stdlib.h>

/* More than this in one transaction gains nothing measurable, and makes the first of them wait. */
#define BATCH_MOST 256
_Static_assert(1 << (DM_BATCH_CLASSES - 1) == BATCH_MOST, "the largest batch has a class");

struct lane {
	struct lane_options options;
	pthread_t thread;
	pthread_mutex_t mutex; /* guards all below */
	pthread_cond_t arrived;
	struct dm_operation *first;
	struct dm_operation **last;
	size_t waiting;
	uint64_t batches[DM_BATCH_CLASSES];
	uint64_t operations; /* in them */
	bool stopping;
};

struct waiter {
	pthread_mutex_t mutex;
	pthread_cond_t done;
	bool is_done;
};

static void complete(struct lane *lane, struct dm_operation *operation)
{
	struct waiter *waiter = operation->internal.waiter; /* the operation may be gone after `completed` */

	lane->options.completed(operation);
	if (waiter) {
		pthread_mutex_lock(&waiter->mutex);
		waiter->is_done = true;
		pthread_cond_signal(&waiter->done);
		pthread_mutex_unlock(&waiter->mutex);
	}
}

/* Called with the mutex. */
static void count_batch(struct lane *lane, size_t count)
{
	size_t which = 0;

	while ((size_t)1 << which < count)
		which++;
	lane->batches[which]++;
	lane->operations += count;
}

static size_t take_waiting(struct lane *lane, struct dm_operation *batch[BATCH_MOST])
{
	size_t count = 0;

	pthread_mutex_lock(&lane->mutex);
	while (!lane->first && !lane->stopping)
		pthread_cond_wait(&lane->arrived, &lane->mutex);
	while (lane->first && count < BATCH_MOST) {
		batch[count++] = lane->first;
		lane->first = lane->first->internal.next;
	}
	if (!lane->first)
		lane->last = &lane->first;
	lane->waiting -= count;
	if (count > 0)
		count_batch(lane, count);
	pthread_mutex_unlock(&lane->mutex);
	return count;
}

static void *lane_main(void *argument)
{
	struct lane *lane = argument;
	struct dm_operation *batch[BATCH_MOST];
	size_t count;

	while ((count = take_waiting(lane, batch)) > 0) {
		lane->options.run_batch(lane->options.session, batch, count);
		for (size_t i = 0; i < count; i++)
			complete(lane, batch[i]);
	}
	return NULL;
}

struct lane *lane_new(const struct lane_options *options)
{
	struct lane *lane = malloc(sizeof(*lane));

	if (!lane)
		return NULL;
	*lane = (struct lane){.options = *options};
	lane->last = &lane->first;
	pthread_mutex_init(&lane->mutex, NULL);
	pthread_cond_init(&lane->arrived, NULL);
	if (pthread_create(&lane->thread, NULL, lane_main, lane) != 0) {
		pthread_cond_destroy(&lane->arrived);
		pthread_mutex_destroy(&lane->mutex);
		free(lane);
		return NULL;
	}
	return lane;
}

void lane_free(struct lane *lane)
{
	pthread_mutex_lock(&lane->mutex);
	lane->stopping = true;
	pthread_cond_signal(&lane->arrived);
	pthread_mutex_unlock(&lane->mutex);
	pthread_join(lane->thread, NULL);
	pthread_cond_destroy(&lane->arrived);
	pthread_mutex_destroy(&lane->mutex);
	free(lane);
}

void lane_stats(struct lane *lane, struct dm_stats *stats)
{
	pthread_mutex_lock(&lane->mutex);
	stats->lanes++;
	stats->waiting += lane->waiting;
	stats->max_waiting = lane->options.max_waiting;
	stats->operations += lane->operations;
	for (size_t i = 0; i < DM_BATCH_CLASSES; i++)
		stats->batches[i] += lane->batches[i];
	pthread_mutex_unlock(&lane->mutex);
}

void lane_submit(struct lane *lane, struct dm_operation *operation)
{
	bool full;

	operation->internal.next = NULL;
	pthread_mutex_lock(&lane->mutex);
	full = lane->waiting >= lane->options.max_waiting;
	if (!full) {
		*lane->last = operation;
		lane->last = &operation->internal.next;
		if (lane->waiting++ == 0)
			pthread_cond_signal(&lane->arrived);
	}
	pthread_mutex_unlock(&lane->mutex);
	if (full) {
		operation->status = fail(&operation->error, DM_BUSY, "too many writes are waiting; try again later");
		complete(lane, operation);
	}
}

static void wait_for(struct waiter *waiter)
{
	pthread_mutex_lock(&waiter->mutex);
	while (!waiter->is_done)
		pthread_cond_wait(&waiter->done, &waiter->mutex);
	pthread_mutex_unlock(&waiter->mutex);
}

void lane_run(struct lane *lane, struct dm_operation *operation)
{
	struct waiter waiter = {PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER, false};

	if (pthread_equal(pthread_self(), lane->thread)) {
		pthread_mutex_lock(&lane->mutex);
		count_batch(lane, 1);
		pthread_mutex_unlock(&lane->mutex);
		lane->options.run_batch(lane->options.session, &operation, 1);
		complete(lane, operation);
		return;
	}
	operation->internal.waiter = &waiter;
	lane_submit(lane, operation);
	wait_for(&waiter);
	pthread_cond_destroy(&waiter.done);
	pthread_mutex_destroy(&waiter.mutex);
}
