/* SPDX-License-Identifier: MIT */
/* lane.h - a queue of operations and the threads that work on it, each with a database session of its own. A thread
 * runs what waits as one batch. */
#ifndef LANE_H
#define LANE_H

#include "store.h"

struct lane;

struct lane_options {
	/* Gives each operation its result, durably, and completes it by lane_complete. Called on the lane's threads,
	 * by one at a time for each session. */
	void (*run_batch)(void *session, struct dm_operation **operations, size_t count);
	void *const *sessions; /* one for each thread; copied */
	size_t sessions_count;
	size_t batch_most;  /* operations of one batch; at most LANE_BATCH_MOST */
	int64_t late_after; /* microseconds that one waits at most while batches run; 0: those tell what is late */
	const struct store_options *store;
};

#define LANE_BATCH_MOST 256

/* What a batch writes of texts, but for the first operation's. */
#define LANE_BATCH_BYTES ((size_t)4 << 20)

/* A piece of marking a conversation as read marks at most so many messages, or those (one at least) with so much
 * content. The first is one of many in a batch, those behind it are batches of their own: others' writes come between.
 */
#define MARK_FIRST_ROWS 100
#define MARK_ROWS 300
#define MARK_FIRST_BYTES 65536
#define MARK_BYTES 2097152

/* The failure of what has waited for too long. */
extern const struct dm_error lane_late;

/* NULL where there is no memory or no thread. */
MUST_CHECK struct lane *lane_new(const struct lane_options *options);

/* Runs what still waits, ends the threads, frees the lane. */
void lane_free(struct lane *lane);

/* Adds the lane's numbers to *stats, and its threads to its lanes. */
void lane_stats(struct lane *lane, struct dm_stats *stats);

/* Queues the operation; a full queue completes it with DM_BUSY at once, in the caller's thread. */
void lane_submit(struct lane *lane, struct dm_operation *operation);

/* The same, and waits until it is completed. Never to be called on a thread of a lane that may have to run it: waiting
 * for oneself would be for ever. */
void lane_run(struct lane *lane, struct dm_operation *operation);

/* Lets an operation of a batch wait: it comes back after a pause, as a batch of its own. Called on the lane's thread.
 */
void lane_park(struct lane *lane, struct dm_operation *operation);
bool lane_was_parked(const struct dm_operation *operation);

/* Whether the caller runs on one of the lane's threads: a receiver of a signal, or of a row, that calls the library
 * again. */
MUST_CHECK bool lane_is_own_thread(const struct lane *lane);

/* Runs the operation at once as a batch of its own, on one of the lane's own threads. The session must not be at work.
 */
void lane_run_nested(struct lane *lane, void *session, struct dm_operation *operation);

/* Completes the operation, then wakes who waits for it in lane_run. */
void lane_complete(const struct store_options *store, struct dm_operation *operation);

/* Gives the operations this failure and completes them. */
void lane_fail(const struct store_options *store, struct dm_operation *const *operations, size_t count,
	       const struct dm_error *error);

#endif
