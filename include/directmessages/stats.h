/* SPDX-License-Identifier: MIT */
/* stats.h - counters, for a program that is monitored. The rules for all functions are in directmessages.h. */
#ifndef DIRECTMESSAGES_STATS_H
#define DIRECTMESSAGES_STATS_H

#include "core.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Operations that wait are run in batches of at most 256, most of them in one transaction. Class i counts the batches
 * of at most 2^i operations that no smaller class counts. */
#define DM_BATCH_CLASSES 9

/* failures[] has room for statuses to come. */
#define DM_MAX_STATUSES 32

struct dm_stats {
	size_t size;          /* see DM_STATS_INIT; set before the call */
	const char *backend;  /* "sqlite" or "postgresql"; static */
	const char *database; /* which one, as a URL without a password; lives as long as the handle */
	size_t lanes;         /* threads that run batches */
	size_t waiting;       /* operations that wait for them now */
	size_t max_waiting;   /* how many may wait, summed over the queues (reads and writes may have one each) */
	uint64_t batches[DM_BATCH_CLASSES];
	uint64_t operations; /* in all those batches */
	uint64_t commits;    /* transactions that became durable */
	/* By status: operations that failed for the store's reasons: DM_BUSY to DM_INTERNAL. */
	uint64_t failures[DM_MAX_STATUSES];
	uint64_t standby_reads;     /* reads that a standby has answered */
	uint64_t standby_fallbacks; /* reads that a standby could not answer, so that the primary was asked */
};
#define DM_STATS_INIT DM_SIZED(struct dm_stats)

/* Gives what has happened since dm_open, in at most stats->size bytes; never waits. All but the size is zero if the
 * handle is NULL. Nothing is written if the size can't be right (below that of a size_t, or beyond 4096). */
DM_API void dm_stats(dm *handle, struct dm_stats *stats);

#ifdef __cplusplus
}
#endif
#endif
