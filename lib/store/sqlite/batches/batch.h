/* SPDX-License-Identifier: MIT */
/* batch.h - many writes in one commit. */
#ifndef BATCH_H
#define BATCH_H

#include "session.h"

/* Runs all as one transaction with one commit, then completes them. Each operation has its own status. One that fails
 * where nobody expects it is left out of the transaction; where the store itself fails all of them fail, and nothing is
 * written. A lane calls it with a struct sqlite_session. */
void batch_run(void *session, struct dm_operation **operations, size_t count);

#endif
