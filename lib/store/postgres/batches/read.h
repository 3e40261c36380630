/* SPDX-License-Identifier: MIT */
/* read.h - many reads in one flush. */
#ifndef READ_H
#define READ_H

#include "session.h"

/* Runs reads, and asks questions, in one flush, and completes them. Look-ups of one kind are one statement; where that
 * fails, its operations are run once more, one by one. What was hit by the end of a connection, or by a clash with
 * other transactions, is rerun a few times. */
void pg_read(struct pg_session *session, struct dm_operation **operations, size_t count, int64_t deadline);

#endif
