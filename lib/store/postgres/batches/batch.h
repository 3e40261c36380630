/* SPDX-License-Identifier: MIT */
/* batch.h - many operations at once: reads in one flush, writes in one transaction. */
#ifndef BATCH_H
#define BATCH_H

#include "nouns.h"

/* What there is to do for a kind of operation. */
struct kind {
	operation_ask *ask;
	operation_take *take;
	bool is_read;
	bool records;            /* it may write to the event log */
	operation_ask *question; /* of a write: a read whose answer has a row where there is something to write */
	bool is_list;            /* without a limit it may have any number of rows */
};
extern const struct kind pg_kinds[];

bool pg_operation_is_read(const struct dm_operation *operation);
bool pg_operation_has_question(const struct dm_operation *operation);

/* Gives each operation its result and completes it; reads first. For a lane (lane.h). */
void pg_batch_run(void *session, struct dm_operation **operations, size_t count);

/* Most conversations that are looked at have nothing unread. So a lane of reads asks first, and hands on to the lane of
 * writes only where there is something to mark. */
bool pg_is_question(const struct session *session, const struct dm_operation *operation);

/* Runs reads, and asks questions, in one flush. Look-ups of one kind are one statement; where it fails, those it
 * concerns are run once more, by themselves. What the end of a connection or a clash with other transactions has hit is
 * run again, some times. */
void pg_read(struct session *session, struct dm_operation **operations, size_t count, int64_t deadline);

/* Runs writes as one transaction with one commit, and completes them. Operations don't fail each other: what a row
 * violates is found by its statement; where a statement, or the commit, fails all the same, the rest is run again
 * without it. A clash with other transactions is repeated, but nothing is once it may have been committed. */
void pg_write(struct session *session, struct dm_operation **operations, size_t count, int64_t deadline);

/* Completes all of them with this failure. */
void pg_fail_all(const struct session *session, struct dm_operation **operations, size_t count,
		 const struct dm_error *error);

/* Behind a pooler each transaction has to set its time limits, and everywhere one that is to wait for no lock: sends
 * that, if need be, and takes the answer. */
void pg_limit(struct session *session, bool waits_not);
MUST_CHECK bool pg_limit_taken(struct session *session, bool waits_not, int64_t deadline, struct dm_error *error);

#endif
