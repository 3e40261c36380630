/* SPDX-License-Identifier: MIT */
/* write.h - many writes in one transaction. */
#ifndef WRITE_H
#define WRITE_H

#include "session.h"

/* Runs writes as one transaction with one commit, and completes them. Operations don't fail each other: a statement
 * finds what its row would violate. Where a statement, or the commit, fails all the same, the rest is rerun without it.
 * After a clash with another transaction all are rerun; never once they may have been committed. */
void pg_write(struct pg_session *session, struct dm_operation **operations, size_t count, int64_t deadline);

#endif
