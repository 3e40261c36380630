/* SPDX-License-Identifier: MIT */
/* directmessages_stats.h - what the library is doing, in numbers, for a program that is watched. */
#ifndef DIRECTMESSAGES_STATS_H
#define DIRECTMESSAGES_STATS_H

#include "directmessages.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Operations that wait are run in batches, most of them in one transaction. Class i counts the batches of at most 2^i
 * operations which no class before it counts; 256 is the most. */
#define DM_BATCH_CLASSES 9

struct dm_stats {
	const char *backend;  /* "sqlite" or "postgresql"; static */
	const char *database; /* which one, as a URL without a password; lives as long as the handle */
	size_t lanes;         /* threads that run batches */
	size_t waiting;       /* operations that wait for them now */
	size_t max_waiting; /* so many may wait, of the kind that the backend queues apart (reads, writes) each its part
			     */
	uint64_t batches[DM_BATCH_CLASSES];
	uint64_t operations; /* in all those batches */
	uint64_t commits;    /* transactions that became durable */
	/* By status: operations that failed for the store's reasons, DM_BUSY and all that stand behind it. */
	uint64_t failures[DM_INTERNAL + 1];
};

/* What has happened since dm_open; waits for nothing. */
DM_API void dm_stats(dm *handle, struct dm_stats *stats);

/* dm_migrate, but while a step takes long (PostgreSQL: an index on a large table, which is made without a lock that
 * stops others) on_progress is told, about once a second, how far it is. */
DM_CHECK enum dm_status dm_migrate_watched(dm *handle, void (*on_step)(void *context, int number, const char *name),
					   void (*on_progress)(void *context, const char *text), void *context,
					   struct dm_error *error);

#ifdef __cplusplus
}
#endif

#endif
