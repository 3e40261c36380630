/* SPDX-License-Identifier: MIT */
/* lane.h - a thread with its own database session, which runs all operations that wait as one batch. */
#ifndef LANE_H
#define LANE_H

#include "attributes.h"
#include "directmessages_stats.h"

struct lane;

struct lane_options {
	/* Gives each operation its result, durably. Called on the lane's thread, never by two threads at once. */
	void (*run_batch)(void *session, struct dm_operation **operations, size_t count);
	void *session;
	/* Called for each operation after its batch. */
	void (*completed)(struct dm_operation *operation);
	size_t max_waiting;
};

/* NULL where there is no memory or no thread. */
MUST_CHECK struct lane *lane_new(const struct lane_options *options);

/* Runs what still waits, ends the thread, frees the lane. */
void lane_free(struct lane *lane);

/* Adds the lane's numbers to *stats, and itself to its lanes. */
void lane_stats(struct lane *lane, struct dm_stats *stats);

/* Queues the operation; a full queue completes it with DM_BUSY at once, in the caller's thread. */
void lane_submit(struct lane *lane, struct dm_operation *operation);

/* The same, and waits until it is completed. On the lane's own thread (a receiver of a signal that calls the library
 * again) it runs at once, as a batch of its own: waiting for oneself would be for ever. */
void lane_run(struct lane *lane, struct dm_operation *operation);

#endif
