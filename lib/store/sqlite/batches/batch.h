/* SPDX-License-Identifier: MIT */
/* batch.h - from an operation to the function of its noun's file; many writes in one commit. */
#ifndef BATCH_H
#define BATCH_H

#include "session.h"

bool operation_is_read(const struct dm_operation *operation);

/* Runs one operation on a prepared session and leaves its status in it. */
void operation_run(struct session *session, struct dm_operation *operation);

/* Runs all as one transaction with one commit, then completes them. Each operation has its own status; where the store
 * itself fails, all of them have failed and nothing is written. */
void batch_run(void *session, struct dm_operation **operations, size_t count);

#endif
