/* SPDX-License-Identifier: MIT */
/* standbys.h - the lane that reads from standbys: its sessions, and the thread that connects them. */
#ifndef STANDBYS_H
#define STANDBYS_H

#include "lane.h"
#include "postgres.h"

struct standbys;

/* As many sessions as the primary has for reads. `primary` is the lane that gets what a standby can't answer, and must
 * outlive it; so must the primary's freshness. Nothing is connected before the first read. */
MUST_CHECK enum dm_status standbys_open(const struct store_options *options, struct freshness *freshness,
					struct lane *primary, struct standbys **out, struct dm_error *error);

/* Finishes what is queued; from now on the primary gets all. NULL is fine. */
void standbys_end(struct standbys *standbys);

/* Ends and frees them, when nobody submits any more. NULL is fine. */
void standbys_close(struct standbys *standbys);

/* Queues the operation if a standby may answer it. False: the primary is to. `standbys` may be NULL. */
MUST_CHECK bool standbys_submit(struct standbys *standbys, struct dm_operation *operation);

/* The same, and waits until it is completed. */
MUST_CHECK bool standbys_run(struct standbys *standbys, struct dm_operation *operation);

struct lane *standbys_lane(const struct standbys *standbys);

#endif
