/* SPDX-License-Identifier: MIT */
/* transaction.h - many writes in one transaction with one commit, sent in one flush. */
#ifndef TRANSACTION_H
#define TRANSACTION_H

#include "failure_postgres.h"
#include "lane.h"
#include "session.h"

/* What one statement does: an operation, or all sends next to each other. */
struct unit {
	struct dm_operation **operations;
	size_t count;
	bool is_asked; /* it is in the pipeline; otherwise its operation had nothing to ask */
	PGresult *result;
};

struct transaction {
	struct unit units[LANE_MAX_BATCH];
	size_t count;
	bool records;   /* it may write to the event log */
	bool waits_not; /* for no lock: its operation was set apart */
};

/* How a transaction has ended. */
struct ending {
	enum { COMMITTED, LOST, FAILED } how;
	struct unit *culprit;        /* FAILED: whose statement, in the transaction; NULL: the commit itself */
	enum postgres_remedy remedy; /* FAILED */
	struct dm_error error;
};

/* Runs the writes as one transaction. They get their results where it was COMMITTED, and are not completed. The ending
 * points into *transaction. */
MUST_CHECK struct ending pg_transaction_run(struct session *session, struct transaction *transaction,
					    struct dm_operation **operations, size_t count, int64_t deadline);

#endif
