/* SPDX-License-Identifier: MIT */
/* read.h - many reads in one flush. */
#ifndef READ_H
#define READ_H

#include "session.h"

/* Whether the operation is a write that is asked about first. Most conversations that are looked at have nothing
 * unread. So a lane of reads asks, and hands on to the lane of writes only where there is something to write. */
bool pg_is_question(const struct pg_session *session, const struct dm_operation *operation);

/* Runs reads, and asks questions, in one flush, and completes them. Look-ups of one kind are one statement; where that
 * fails, its operations are run once more, one by one. What was hit by the end of a connection, or by a clash with
 * other transactions, is rerun a few times. */
void pg_read(struct pg_session *session, struct dm_operation **operations, size_t count, int64_t deadline);

#endif
