/* SPDX-License-Identifier: MIT */
/* batch.h - many operations at once: reads in one flush, writes in one transaction. */
#ifndef BATCH_H
#define BATCH_H

#include "directmessages.h"

/* Gives each operation its result and completes it, reads first; writes that are committed perhaps later. A lane calls
 * it with a struct pg_session. */
void pg_batch_run(void *session, struct dm_operation **operations, size_t count);

/* Completes those that pg_batch_run has left for when the lane has its next batch: there is none. */
void pg_batch_rest(void *session);

#endif
