/* SPDX-License-Identifier: MIT */
/* batch.h - many writes in one commit. */
#ifndef BATCH_H
#define BATCH_H

#include "session.h"

/* Runs all as one transaction with one commit, then completes them. Each operation has its own status; where the store
 * itself fails, all of them have failed and nothing is written. */
void batch_run(void *session, struct dm_operation **operations, size_t count);

#endif
