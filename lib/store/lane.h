/* SPDX-License-Identifier: MIT */
/* lane.h - a queue of operations and the threads that work on it, each with a database session of its own. A thread
 * runs what waits as one batch. */
#ifndef LANE_H
#define LANE_H

#include "lane_completion.h"
#include "store.h"

struct lane;

struct lane_options {
	/* Gives each operation its result, durably, and completes it by lane_complete. Called on the lane's threads;
	 * each session is used by one thread. */
	void (*run_batch)(void *session, struct dm_operation **operations, size_t count);
	/* Called between two batches where nothing waits, before the thread sleeps or ends: to complete what run_batch
	 * has left for later. NULL: it leaves nothing. */
	void (*rest)(void *session);
	void *const *sessions; /* one for each thread; copied */
	size_t sessions_count;
	size_t max_batch;  /* operations of one batch; at most LANE_MAX_BATCH */
	int64_t timeout;   /* microseconds after which an operation in the queue fails; 0: run_batch sees to that */
	struct lane *next; /* gets what is submitted after lane_end; it must not have ended. NULL: nobody does */
	const struct store_options *store;
};

#define LANE_MAX_BATCH 256

/* Bytes of text that a batch writes; the first operation may have more. */
#define LANE_MAX_BATCH_BYTES ((size_t)4 << 20)

/* A conversation is marked as read in pieces, of at most so many messages and so many bytes of content (at least one
 * message). The first piece shares its batch with other writes. Each further one is a batch of its own with
 * a rest behind it (piece_queue.h), and other writes come between. */
#define MARK_FIRST_ROWS 100
#define MARK_ROWS 300
#define MARK_WALK 1000 /* at most so many messages are looked at in a piece */
#define MARK_FIRST_BYTES 65536
#define MARK_BYTES 2097152

/* Erasing and purging work in pieces too: so many messages are changed, with so many bytes of content (at least one
 * message), and so many are looked at. */
#define ERASE_ROWS 300
#define ERASE_BYTES 2097152
#define ERASE_WALK 1000

/* How many pending deliveries of a disabled endpoint one operation fails. */
#define FAIL_DELIVERIES_ROWS 1000

/* How many deliveries one operation looks at that requeues those that have failed, or that lists a page of them. */
#define REQUEUE_WALK 1000
#define FIND_DELIVERIES_WALK 5000

/* The failure of an operation that has waited in the queue for too long. */
extern const struct dm_error lane_late;

/* NULL where there is no memory or no thread. */
MUST_CHECK struct lane *lane_new(const struct lane_options *options);

/* Runs what still waits, parked operations too, then ends the threads. What other lanes complete meanwhile may submit
 * operations to this one: they go to the next lane. */
void lane_end(struct lane *lane);

/* Ends the lane and frees it. */
void lane_free(struct lane *lane);

/* Adds the lane's numbers to *stats, and its threads to stats->lanes. */
void lane_stats(struct lane *lane, struct dm_stats *stats);

/* Queues the operation. Where the queue is full it is completed with DM_BUSY at once, in the caller's thread. */
void lane_submit(struct lane *lane, struct dm_operation *operation);

/* Queues an operation that another lane has accepted. While more than half of the queue is taken it waits, but not
 * beyond `until` (of the monotonic clock). So many at once leave room for others, and are not refused. Called on a
 * thread of the other lane. */
void lane_hand_on(struct lane *lane, struct dm_operation *operation, int64_t until);

/* As lane_submit, and waits until the operation is completed. Never to be called on one of the lane's own threads,
 * which would wait for itself for ever. What is completed because it has waited too long must not wait once more: there
 * the operation fails with lane_late at once. */
void lane_run(struct lane *lane, struct dm_operation *operation);

/* Parks an operation of a batch: it comes back after a pause, as a batch of its own. Called on the lane's thread. */
void lane_park(struct lane *lane, struct dm_operation *operation);
bool lane_was_parked(const struct dm_operation *operation);

/* Whether the caller runs on one of the lane's threads: it is a receiver of a signal, or of a row, that calls the
 * library. */
MUST_CHECK bool lane_is_own_thread(const struct lane *lane);

/* Runs the operation at once as a batch of its own. Called on one of the lane's threads; the session must not be in
 * use.
 */
void lane_run_nested(struct lane *lane, void *session, struct dm_operation *operation);

#endif
