/* SPDX-License-Identifier: MIT */
/* lane.c - a queue of operations and the threads that work on it, each with a database session of its own. */
#include "lane.h"

#include "clock.h"
#include "condition.h"
#include "operation_kinds.h"
#include "piece_queue.h"

#include <pthread.h>
#include <stdlib.h>

_Static_assert(1 << (DM_BATCH_CLASSES - 1) == LANE_MAX_BATCH, "the largest batch has a class");

/* Between two attempts at an operation whose row is held, in microseconds. */
#define PARKING_PAUSE 20000

const struct dm_error lane_late = {DM_BUSY, "the database is too slow for what is asked; try again later"};

static const struct dm_error queue_is_full = {DM_BUSY, "too many operations are waiting; try again later"};

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
	struct dm_operation *parked; /* until their pause is over; the first to come back comes first */
	struct dm_operation **last_parked;
	struct piece_queue pieces;
	size_t waiting; /* all of these */
	uint64_t batches[DM_BATCH_CLASSES];
	uint64_t operations; /* in them */
	bool stopping;
	size_t running;   /* threads that have not ended, or will be started */
	size_t handed_on; /* callers of lane_hand_on that wait for room */
	pthread_cond_t has_room;
	bool is_watched; /* the watcher will look again by itself, in time */
	pthread_cond_t watch;
	pthread_t watcher; /* where there is a timeout */
	bool has_watcher;
	size_t threads_count;
	struct lane_thread threads[];
};

/* The lane whose thread this is; each thread writes its own. */
static _Thread_local const struct lane *own_lane;

/* The thread looks for what waits too long: of its own lane, nobody else does. */
static _Thread_local bool is_watcher;

/* Called with the mutex. */
static void count_batch(struct lane *lane, size_t count)
{
	size_t which = 0;

	while ((size_t)1 << which < count)
		which++;
	lane->batches[which]++;
	lane->operations += count;
}

static bool is_apart(const struct dm_operation *operation)
{
	return operation_is_piece(operation) || lane_was_parked(operation);
}

/* Called with the mutex: whether the first in the queue may join the batch. */
static bool fits(const struct lane *lane, struct dm_operation *const *batch, size_t count, size_t bytes)
{
	const struct dm_operation *next = lane->first;

	if (!next || count == lane->options.max_batch)
		return false;
	return count == 0 ||
	       (!is_apart(batch[0]) && !is_apart(next) && bytes + operation_bytes(next) <= LANE_MAX_BATCH_BYTES);
}

/* Called with the mutex: whether what other lanes hand on may be queued. It leaves room for what comes by itself. */
static bool has_room(const struct lane *lane)
{
	return lane->waiting <= lane->options.store->max_waiting / 2;
}

/* Called with the mutex: an operation has left the queue. */
static void count_left(struct lane *lane)
{
	lane->waiting--;
	if (lane->handed_on > 0 && has_room(lane))
		pthread_cond_signal(&lane->has_room);
}

/* Called with the mutex. */
static struct dm_operation *pop_first(struct lane *lane)
{
	struct dm_operation *first = lane->first;

	lane->first = first->internal.next;
	if (!lane->first)
		lane->last = &lane->first;
	count_left(lane);
	return first;
}

/* Called with the mutex: moves parked operations whose pause is over to the front of the queue. */
static void unpark(struct lane *lane)
{
	int64_t now = clock_monotonic();

	while (lane->parked && lane->parked->internal.parked_until <= now) {
		struct dm_operation *back = lane->parked;

		lane->parked = back->internal.next;
		if (!lane->parked)
			lane->last_parked = &lane->parked;
		back->internal.next = lane->first;
		if (!lane->first)
			lane->last = &back->internal.next;
		lane->first = back;
	}
}

/* Called with the mutex: whether the next batch is a piece of long work. A lane that stops doesn't rest. */
static bool piece_is_due(const struct lane *lane)
{
	return piece_queue_is_due(&lane->pieces, lane->first, lane->stopping ? INT64_MAX : clock_monotonic());
}

/* Called with the mutex: waits until there is something to run, or the lane stops and nothing is left. */
static void wait_for_work(struct lane *lane)
{
	for (unpark(lane); !lane->first && !piece_is_due(lane) && !(lane->stopping && lane->waiting == 0);
	     unpark(lane)) {
		int64_t until = lane->pieces.first ? lane->pieces.due_at : INT64_MAX;

		if (lane->parked && lane->parked->internal.parked_until < until)
			until = lane->parked->internal.parked_until;
		if (until < INT64_MAX)
			condition_wait_until(&lane->arrived, &lane->mutex, until);
		else
			pthread_cond_wait(&lane->arrived, &lane->mutex);
	}
}

/* Called with the mutex, which is left meanwhile. */
static void rest(struct lane *lane, void *session)
{
	unpark(lane);
	if (!lane->options.rest || lane->first || piece_is_due(lane))
		return;
	pthread_mutex_unlock(&lane->mutex);
	lane->options.rest(session);
	pthread_mutex_lock(&lane->mutex);
}

/* Waits for a batch, and gives its size; 0: the lane stops. */
static size_t next_batch(struct lane *lane, void *session, struct dm_operation *batch[LANE_MAX_BATCH])
{
	size_t count = 0, bytes = 0;

	pthread_mutex_lock(&lane->mutex);
	rest(lane, session);
	wait_for_work(lane);
	if (piece_is_due(lane)) {
		batch[count++] = piece_queue_start(&lane->pieces);
		count_left(lane);
	}
	while (fits(lane, batch, count, bytes)) {
		batch[count] = pop_first(lane);
		bytes += operation_bytes(batch[count++]);
	}
	if (count > 0 && !lane_was_parked(batch[0])) /* a parked one was counted the first time */
		count_batch(lane, count);
	if (lane->first) /* there is more: another thread may be asleep */
		pthread_cond_signal(&lane->arrived);
	lane->running -= count == 0; /* when nobody is left, what still comes goes to the next lane */
	pthread_mutex_unlock(&lane->mutex);
	return count;
}

static void *lane_main(void *argument)
{
	struct lane_thread *thread = argument;
	struct lane *lane = thread->lane;
	struct dm_operation *batch[LANE_MAX_BATCH];
	size_t count;

	own_lane = lane;
	while ((count = next_batch(lane, thread->session, batch)) > 0) {
		bool is_piece = operation_is_piece(batch[0]); /* it may be gone when it has run */
		int64_t began = clock_monotonic();

		lane->options.run_batch(thread->session, batch, count);
		pthread_mutex_lock(&lane->mutex);
		piece_queue_ran(&lane->pieces, is_piece, began, clock_monotonic());
		pthread_mutex_unlock(&lane->mutex);
	}
	return NULL;
}

/* ---- the timeout --------------------------------------------------------------------------------------------- */

/* Called with the mutex: whether the one that waits longest is a piece of long work. */
static bool oldest_is_piece(const struct lane *lane)
{
	const struct dm_operation *piece = lane->pieces.first;

	return piece && (!lane->first || piece->internal.queued_at < lane->first->internal.queued_at);
}

/* Called with the mutex. */
static struct dm_operation *pop_oldest(struct lane *lane)
{
	if (!oldest_is_piece(lane))
		return pop_first(lane);
	count_left(lane);
	return piece_queue_pop(&lane->pieces);
}

/* A batch may hang in the disk. The operations behind it, of which nothing was begun, fail in time. */
static void *watch_main(void *argument)
{
	struct lane *lane = argument;

	is_watcher = true;
	pthread_mutex_lock(&lane->mutex);
	while (!lane->stopping) {
		int64_t now = clock_monotonic();
		const struct dm_operation *oldest = oldest_is_piece(lane) ? lane->pieces.first : lane->first;
		int64_t due = (oldest ? oldest->internal.queued_at : now) + lane->options.timeout;

		if (!lane->is_watched) {
			pthread_cond_wait(&lane->watch, &lane->mutex);
		} else if (due <= now) {
			struct dm_operation *late = pop_oldest(lane);

			pthread_mutex_unlock(&lane->mutex);
			lane_fail(lane->options.store, &late, 1, &lane_late);
			pthread_mutex_lock(&lane->mutex);
		} else {
			condition_wait_until(&lane->watch, &lane->mutex, due);
			lane->is_watched = lane->first || lane->pieces.first;
		}
	}
	pthread_mutex_unlock(&lane->mutex);
	return NULL;
}

/* ---- starting and ending ------------------------------------------------------------------------------------- */

struct lane *lane_new(const struct lane_options *options)
{
	struct lane *lane = calloc(1, sizeof(*lane) + options->sessions_count * sizeof(lane->threads[0]));

	if (!lane)
		return NULL;
	lane->options = *options;
	lane->options.sessions = NULL;
	lane->last = &lane->first;
	lane->last_parked = &lane->parked;
	piece_queue_init(&lane->pieces);
	pthread_mutex_init(&lane->mutex, NULL);
	condition_init(&lane->arrived);
	condition_init(&lane->watch);
	condition_init(&lane->has_room);
	lane->running = options->sessions_count;
	lane->has_watcher = options->timeout > 0 && pthread_create(&lane->watcher, NULL, watch_main, lane) == 0;
	if (options->timeout > 0 && !lane->has_watcher) {
		lane_free(lane);
		return NULL;
	}
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

void lane_end(struct lane *lane)
{
	pthread_mutex_lock(&lane->mutex);
	lane->stopping = true;
	pthread_cond_broadcast(&lane->arrived);
	pthread_cond_signal(&lane->watch);
	pthread_mutex_unlock(&lane->mutex);
	if (lane->has_watcher)
		pthread_join(lane->watcher, NULL);
	for (size_t i = 0; i < lane->threads_count; i++)
		pthread_join(lane->threads[i].thread, NULL);
	lane->has_watcher = false;
	lane->threads_count = 0;
}

void lane_free(struct lane *lane)
{
	lane_end(lane);
	pthread_cond_destroy(&lane->has_room);
	pthread_cond_destroy(&lane->watch);
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

/* Called with the mutex. */
static void enqueue(struct lane *lane, struct dm_operation *operation)
{
	bool wakes = !lane->first;

	lane->waiting++;
	if (operation_is_piece(operation)) {
		piece_queue_add(&lane->pieces, operation);
	} else {
		*lane->last = operation;
		lane->last = &operation->internal.next;
	}
	if (wakes) /* else a thread knows already that there is more */
		pthread_cond_signal(&lane->arrived);
}

/* Called with the mutex. */
static void add(struct lane *lane, struct dm_operation *operation)
{
	enqueue(lane, operation);
	if (lane->has_watcher && !lane->is_watched) {
		lane->is_watched = true;
		pthread_cond_signal(&lane->watch);
	}
}

static void prepare(struct dm_operation *operation)
{
	operation->internal.next = NULL;
	operation->internal.queued_at = clock_monotonic();
	operation->internal.parked_until = 0;
}

void lane_submit(struct lane *lane, struct dm_operation *operation)
{
	bool is_over, full;

	prepare(operation);
	pthread_mutex_lock(&lane->mutex);
	is_over = lane->running == 0 && lane->options.next;
	full = lane->waiting >= lane->options.store->max_waiting;
	if (!is_over && !full)
		add(lane, operation);
	pthread_mutex_unlock(&lane->mutex);
	if (is_over)
		lane_submit(lane->options.next, operation);
	else if (full)
		lane_fail(lane->options.store, &operation, 1, &queue_is_full);
}

void lane_hand_on(struct lane *lane, struct dm_operation *operation, int64_t until)
{
	bool is_in;

	pthread_mutex_lock(&lane->mutex);
	lane->handed_on++;
	while (!has_room(lane) && clock_monotonic() < until)
		condition_wait_until(&lane->has_room, &lane->mutex, until);
	lane->handed_on--;
	is_in = has_room(lane) && lane->running > 0;
	if (is_in) {
		prepare(operation);
		add(lane, operation);
	}
	if (lane->handed_on > 0 && has_room(lane))
		pthread_cond_signal(&lane->has_room);
	pthread_mutex_unlock(&lane->mutex);
	if (!is_in)
		lane_submit(lane, operation);
}

void lane_park(struct lane *lane, struct dm_operation *operation)
{
	operation->internal.next = NULL;
	operation->internal.parked_until = clock_monotonic() + PARKING_PAUSE;
	pthread_mutex_lock(&lane->mutex);
	*lane->last_parked = operation;
	lane->last_parked = &operation->internal.next;
	lane->waiting++;
	pthread_mutex_unlock(&lane->mutex);
}

bool lane_was_parked(const struct dm_operation *operation)
{
	return operation->internal.parked_until != 0;
}

void lane_run(struct lane *lane, struct dm_operation *operation)
{
	struct lane_waiter waiter;

	if (is_watcher) {
		lane_fail(lane->options.store, &operation, 1, &lane_late);
		return;
	}
	lane_waiter_init(&waiter, operation);
	lane_submit(lane, operation);
	lane_waiter_await(&waiter);
}

void lane_run_nested(struct lane *lane, void *session, struct dm_operation *operation)
{
	operation->internal.queued_at = clock_monotonic();
	operation->internal.parked_until = 0;
	pthread_mutex_lock(&lane->mutex);
	count_batch(lane, 1);
	pthread_mutex_unlock(&lane->mutex);
	lane->options.run_batch(session, &operation, 1);
}

bool lane_is_own_thread(const struct lane *lane)
{
	return own_lane == lane;
}
