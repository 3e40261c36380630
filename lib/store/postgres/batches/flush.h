/* SPDX-License-Identifier: MIT */
/* flush.h - the statements of many reads, which go out at once: one for each operation, or for all look-ups of a kind.
 */
#ifndef FLUSH_H
#define FLUSH_H

#include "lane.h"
#include "session.h"

/* An operation and its statement. */
struct asked {
	struct asked *next; /* in its query */
	struct dm_operation *operation;
	enum pg_statement statement;
	struct parameters parameters;
	int row;          /* its first row in the query's result; -1: none */
	bool must_write;  /* it was a question, and there is something to write */
	uint64_t needed;  /* the place that a standby must have reached */
	bool is_doubtful; /* the standby's result can't stand */
};

/* A statement that is sent: for one operation, or for all of the same look-up. */
struct query {
	struct asked *first, **last; /* first is NULL once the operations are completed */
	size_t count;
};

/* The queries that go out at once. */
struct flush {
	struct asked asked[LANE_MAX_BATCH];
	struct query queries[LANE_MAX_BATCH];
	size_t queries_count;
	uint64_t place;     /* of the standby */
	bool has_sample;    /* the primary is asked for its place */
	int64_t sampled_at; /* when that is sent, by the monotonic clock */
};

/* Whether the operation is a write that is asked about first. Most conversations that are looked at have nothing
 * unread. So a lane of reads asks, and hands on to the lane of writes only where there is something to write. */
bool pg_is_question(const struct pg_session *session, const struct dm_operation *operation);

/* Chooses the statements of the operations. Those that need none are completed. `apart`: each has one of its own. */
void flush_make(struct flush *flush, const struct pg_session *session, struct dm_operation **operations, size_t count,
		bool apart);

/* Sends them all. Operations for which there is no memory are completed, and their queries left out. */
void flush_send(struct flush *flush, struct pg_session *session);

/* Fails operations. What can't be read on a standby is read on the primary. */
void flush_give_up(const struct pg_session *session, struct dm_operation *const *operations, size_t count,
		   const struct dm_error *error);
void flush_fail_query(const struct pg_session *session, struct query *query, const struct dm_error *error);

#endif
