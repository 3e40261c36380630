/* SPDX-License-Identifier: MIT */
/* transaction.h - many writes in one transaction with one commit, sent in one flush. */
#ifndef TRANSACTION_H
#define TRANSACTION_H

#include "failure_postgres.h"
#include "lane.h"
#include "session.h"

/* One statement of a transaction: an operation, or all sends. */
struct transaction_step {
	struct dm_operation **operations;
	size_t count;
	bool is_sent; /* false: the operation had nothing to ask */
	PGresult *result;
	bool is_limited;  /* sends whose new partners are counted before */
	PGresult *limits; /* of that */
};

struct transaction {
	struct transaction_step steps[LANE_MAX_BATCH];
	size_t count;
	bool records;         /* it may write to the event log */
	bool without_waiting; /* it waits for no lock: its operation was parked */
};

/* How a transaction has ended. LOST: the connection was lost, and it is not known whether the transaction was
 * committed.
 */
struct ending {
	enum { COMMITTED, LOST, FAILED } how;
	struct transaction_step *culprit; /* FAILED: the step that has failed; NULL: the commit itself */
	enum postgres_remedy remedy;      /* FAILED */
	struct dm_error error;
};

/* Runs the writes as one transaction. If it is COMMITTED they have their results; they are not completed in any case.
 * The ending points into *transaction. */
MUST_CHECK struct ending pg_transaction_run(struct pg_session *session, struct transaction *transaction,
					    struct dm_operation **operations, size_t count, int64_t deadline);

#endif
