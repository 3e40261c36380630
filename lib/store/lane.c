/* SPDX-License-Identifier: MIT */
/* lane.c - a queue of operations and the threads that work on it, each with a database session of its own. */
#include "lane.h"

#include "clock.h"
#include "failure.h"

#include <pthread.h>
#include <stdlib.h>

_Static_assert(1 << (DM_BATCH_CLASSES - 1) == LANE_BATCH_MOST, "the largest batch has a class");

struct lane_thread {
	pthread_t thread;
	struct lane *lane;
	void *session;
};

struct lane {
	struct lane_options options;
	pthread_mutex_t mutex; /* guards all below, but for threads */
	pthread_cond_t arrived;
	struct dm_operation *first;
	struct dm_operation **last;
	size_t waiting;
	uint64_t batches[DM_BATCH_CLASSES];
	uint64_t operations; /* in them */
	bool stopping;
	size_t threads_count;
	struct lane_thread threads[];
};

struct waiter {
	pthread_mutex_t mutex;
	pthread_cond_t done;
	bool is_done;
};

/* The lane whose thread this is; each thread writes its own. */
static _Thread_local const struct lane *own_lane;

void lane_complete(const struct store_options *store, struct dm_operation *operation)
{
	struct waiter *waiter = operation->internal.waiter; /* the operation may be gone after `completed` */

	store->completed(operation);
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

static size_t take_waiting(struct lane *lane, struct dm_operation *batch[LANE_BATCH_MOST])
{
	size_t count = 0;

	pthread_mutex_lock(&lane->mutex);
	while (!lane->first && !lane->stopping)
		pthread_cond_wait(&lane->arrived, &lane->mutex);
	while (lane->first && count < lane->options.batch_most) {
		batch[count++] = lane->first;
		lane->first = lane->first->internal.next;
	}
	if (!lane->first)
		lane->last = &lane->first;
	lane->waiting -= count;
	if (count > 0)
		count_batch(lane, count);
	if (lane->first) /* more than one batch: another thread may be asleep */
		pthread_cond_signal(&lane->arrived);
	pthread_mutex_unlock(&lane->mutex);
	return count;
}

static void *lane_main(void *argument)
{
	struct lane_thread *thread = argument;
	struct lane *lane = thread->lane;
	struct dm_operation *batch[LANE_BATCH_MOST];
	size_t count;

	own_lane = lane;
	while ((count = take_waiting(lane, batch)) > 0)
		lane->options.run_batch(thread->session, batch, count);
	return NULL;
}

struct lane *lane_new(const struct lane_options *options)
{
	struct lane *lane = calloc(1, sizeof(*lane) + options->sessions_count * sizeof(lane->threads[0]));

	if (!lane)
		return NULL;
	lane->options = *options;
	lane->options.sessions = NULL;
	lane->last = &lane->first;
	pthread_mutex_init(&lane->mutex, NULL);
	pthread_cond_init(&lane->arrived, NULL);
	for (size_t i = 0; i < options->sessions_count; i++) {
		struct lane_thread *thread = &lane->threads[i];

		thread->lane = lane;
		thread->session = options->sessions[i];
		if (pthread_create(&thread->thread, NULL, lane_main, thread) != 0) {
			lane_free(lane);
			return NULL;
		}
		lane->threads_count++;
	}
	return lane;
}

void lane_free(struct lane *lane)
{
	pthread_mutex_lock(&lane->mutex);
	lane->stopping = true;
	pthread_cond_broadcast(&lane->arrived);
	pthread_mutex_unlock(&lane->mutex);
	for (size_t i = 0; i < lane->threads_count; i++)
		pthread_join(lane->threads[i].thread, NULL);
	pthread_cond_destroy(&lane->arrived);
	pthread_mutex_destroy(&lane->mutex);
	free(lane);
}

void lane_stats(struct lane *lane, struct dm_stats *stats)
{
	pthread_mutex_lock(&lane->mutex);
	stats->lanes += lane->threads_count;
	stats->waiting += lane->waiting;
	stats->max_waiting += lane->options.store->max_waiting;
	stats->operations += lane->operations;
	for (size_t i = 0; i < DM_BATCH_CLASSES; i++)
		stats->batches[i] += lane->batches[i];
	pthread_mutex_unlock(&lane->mutex);
}

void lane_submit(struct lane *lane, struct dm_operation *operation)
{
	bool full;

	operation->internal.next = NULL;
	operation->internal.queued_at = clock_monotonic();
	pthread_mutex_lock(&lane->mutex);
	full = lane->waiting >= lane->options.store->max_waiting;
	if (!full) {
		*lane->last = operation;
		lane->last = &operation->internal.next;
		if (lane->waiting++ == 0)
			pthread_cond_signal(&lane->arrived);
	}
	pthread_mutex_unlock(&lane->mutex);
	if (full) {
		operation->status =
			fail(&operation->error, DM_BUSY, "too many operations are waiting; try again later");
		lane_complete(lane->options.store, operation);
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

	operation->internal.waiter = &waiter;
	lane_submit(lane, operation);
	wait_for(&waiter);
	pthread_cond_destroy(&waiter.done);
	pthread_mutex_destroy(&waiter.mutex);
}

void lane_run_nested(struct lane *lane, void *session, struct dm_operation *operation)
{
	operation->internal.queued_at = clock_monotonic();
	pthread_mutex_lock(&lane->mutex);
	count_batch(lane, 1);
	pthread_mutex_unlock(&lane->mutex);
	lane->options.run_batch(session, &operation, 1);
}

bool lane_is_own_thread(const struct lane *lane)
{
	return own_lane == lane;
}
