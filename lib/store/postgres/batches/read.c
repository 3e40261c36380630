/* SPDX-License-Identifier: MIT */
/* read.c - many reads in one flush, look-ups of one kind in one statement. */
#include "read.h"

#include "failure_postgres.h"
#include "flush.h"
#include "kinds.h"
#include "lane.h"
#include "limits.h"
#include "operation_kinds.h"
#include "ready.h"
#include "standby.h"
#include "written.h"

/* How often the reads of a batch are rerun after their connection has broken, and after a clash with other
 * transactions.
 */
#define MAX_LOSSES 3
#define MAX_CLASHES 5

/* What has happened to the reads so far. */
struct read_history {
	int losses;     /* of connections */
	int clashes;    /* flushes with a deadlock or a serialization failure */
	bool clashed;   /* the last flush had one */
	bool apart;     /* a merged statement has failed: from now on each operation has one of its own */
	size_t changed; /* operations that take another statement next time */
};

enum outcome {
	READ_DONE,  /* the operations are completed, or handed on */
	READ_RERUN, /* rerun them: another query has failed, or they take another statement */
	READ_CLASH, /* rerun them after a clash with another transaction */
	READ_STALE, /* rerun them on another connection: this one is of no use any more */
	READ_LOST   /* the connection has broken: rerun them and all that follow */
};

/* ---- reading results ----------------------------------------------------------------------------------------- */

static enum outcome outcome_of(const PGresult *result)
{
	if (PQresultStatus(result) == PGRES_PIPELINE_ABORTED)
		return READ_RERUN;
	switch (postgres_remedy(result)) {
	case REMEDY_RECONNECT:
		return READ_STALE;
	case REMEDY_RERUN:
		return READ_CLASH;
	default:
		return READ_DONE;
	}
}

/* Finds out which row belongs to which operation. */
static void assign_rows(struct query *query, const PGresult *result)
{
	struct asked *each[LANE_MAX_BATCH];
	int rows = PQntuples(result), last = PQnfields(result) - 1;
	int64_t count = 0;

	for (struct asked *asked = query->first; asked; asked = asked->next) {
		asked->row = -1;
		each[count++] = asked;
	}
	if (count == 1)
		query->first->row = rows > 0 ? 0 : -1;
	else
		for (int row = 0; row < rows; row++) {
			int64_t number = pg_int(result, row, last);

			if (number >= 1 && number <= count)
				each[number - 1]->row = row;
		}
}

/* Gives each operation its rows. A question whose result has a row must be handed on to the writer. */
static void read_rows(const struct pg_session *session, struct query *query, struct row_set *set,
		      const PGresult *result, uint64_t place)
{
	assign_rows(query, result);
	for (struct asked *asked = query->first; asked; asked = asked->next) {
		struct dm_operation *operation = asked->operation;

		asked->must_write = pg_is_question(session, operation) && asked->row >= 0;
		set->result = asked->row >= 0 ? result : NULL;
		set->row = asked->row;
		asked->is_doubtful = asked->needed > place;
		if (asked->must_write || asked->is_doubtful)
			continue;
		operation->status = pg_operation_read_result(operation)(session->postgres, operation, set);
		asked->is_doubtful = session->primary && standby_is_doubtful(operation);
	}
}

static void finish_query(struct pg_session *session, const struct query *query)
{
	for (const struct asked *asked = query->first; asked; asked = asked->next)
		if (asked->must_write) {
			lane_submit(session->writer, asked->operation);
		} else if (asked->is_doubtful) {
			standby_hand_on(session, &asked->operation, 1);
		} else {
			if (pg_is_question(session, asked->operation))
				written_note(session, &asked->operation, 1); /* another server may have done it */
			else
				standby_note_read(session, asked->operation);
			lane_complete(&session->postgres->options, asked->operation);
		}
}

/* What has come of one query. */
struct read_outcome {
	enum outcome outcome;
	struct dm_error failure;
	bool must_rerun; /* its operations take another statement */
	bool lent;       /* rows were lent, and can't be lent twice */
	bool whole;      /* all rows have come, whatever becomes of the connection */
};

static void read_results(struct pg_session *session, struct query *query, int64_t deadline, uint64_t place,
			 struct read_outcome *read)
{
	struct row_set set = {.enough = false};
	PGresult *result;

	for (;;) {
		if (!session_result(session, deadline, &result, &read->failure)) {
			read->outcome = READ_LOST;
			break;
		}
		if (!result)
			break;
		if (PQresultStatus(result) == PGRES_TUPLES_OK || PQresultStatus(result) == PGRES_SINGLE_TUPLE) {
			read_rows(session, query, &set, result, place);
			read->lent = read->lent || PQntuples(result) > 0;
			read->whole = PQresultStatus(result) == PGRES_TUPLES_OK;
		} else {
			postgres_failure(result, &read->failure);
			read->outcome = outcome_of(result);
		}
		PQclear(result);
	}
	read->must_rerun = set.must_rerun;
}

/* Reads all results of one query. Operations that are done are completed, and leave the query; the outcome is then that
 * of the connection. */
static enum outcome read_query(struct pg_session *session, const struct flush *flush, struct query *query,
			       int64_t deadline, struct read_history *history, struct dm_error *error)
{
	const struct dm_operation *first = query->first->operation;
	struct read_outcome read = {.outcome = READ_DONE};

	if (operation_is_unlimited(first))
		PQsetSingleRowMode(session->connection);
	read_results(session, query, deadline, flush->place, &read);
	if (read.failure.status == DM_OK || read.whole) {
		history->changed += read.must_rerun;
		if (read.must_rerun)
			return read.failure.status == DM_OK ? READ_RERUN : read.outcome;
		finish_query(session, query);
		query->first = NULL;
		return read.outcome;
	}
	if (read.outcome != READ_RERUN || error->status == DM_OK) /* the failure that has skipped this query stands */
		*error = read.failure;
	if (read.outcome == READ_DONE && query->count > 1) {
		history->apart = true;
		return READ_RERUN;
	}
	if (read.outcome == READ_DONE || read.lent) {
		flush_fail_query(session, query, &read.failure);
		query->first = NULL;
	}
	return read.outcome;
}

/* ---- all reads ----------------------------------------------------------------------------------------------- */

/* Puts the query's operations behind the first `count`, which are to be rerun. Gives the new count. */
static size_t keep(const struct query *query, struct dm_operation **operations, size_t count)
{
	for (const struct asked *asked = query->first; asked; asked = asked->next)
		operations[count++] = asked->operation;
	return count;
}

/* Whether what is left may be rerun: a limited number of times after losses and clashes, else if there is progress. */
static bool may_rerun(const struct pg_session *session, struct read_history *history, bool is_lost, bool made_progress)
{
	if (session->primary && (is_lost || history->clashed))
		return false; /* the primary is sooner */
	if (is_lost)
		return history->losses++ < MAX_LOSSES;
	if (history->clashed)
		return history->clashes++ < MAX_CLASHES;
	return made_progress;
}

/* What comes before the results of the queries. False: the connection is of no use any more. */
static bool begin_results(struct pg_session *session, struct flush *flush, int64_t deadline, struct dm_error *error)
{
	flush->place = 0;
	if (!pg_limits_were_set(session, false, deadline, error))
		return false;
	if (flush->has_sample && !written_sample(session, deadline, flush->sampled_at))
		return false;
	return !session->primary || standby_hear(session, deadline, &flush->place);
}

/* Runs one flush. Gives how many operations are to be rerun; they come first. *is_lost: the connection is lost. */
static size_t read_once(struct pg_session *session, struct dm_operation **operations, size_t count, int64_t deadline,
			struct read_history *history, bool *is_lost, struct dm_error *error)
{
	struct flush flush;
	size_t left = 0;

	flush_make(&flush, session, operations, count, history->apart);
	flush_send(&flush, session);
	*is_lost = !begin_results(session, &flush, deadline, error);
	for (size_t i = 0; i < flush.queries_count; i++) {
		struct query *query = &flush.queries[i];
		enum outcome outcome =
			*is_lost ? READ_LOST : read_query(session, &flush, query, deadline, history, error);

		if (outcome != READ_DONE)
			left = keep(query, operations, left);
		history->clashed = history->clashed || outcome == READ_CLASH;
		*is_lost = outcome == READ_LOST || outcome == READ_STALE;
	}
	if (session->primary && !*is_lost)
		standby_hear_end(session, deadline);
	if (*is_lost || session_drain(session, deadline, &(struct dm_error){0}) != DM_OK)
		session_lost(session);
	return left;
}

void pg_read(struct pg_session *session, struct dm_operation **operations, size_t count, int64_t deadline)
{
	struct read_history history = {.apart = false};

	while (count > 0) {
		bool is_lost, was_apart = history.apart, made_progress;
		struct dm_error error = {0};
		size_t before = count, changed = history.changed;

		if (pg_session_ready(session, deadline, &error) != DM_OK) {
			flush_give_up(session, operations, count, &error);
			return;
		}
		if (session->primary && !standby_follows(session)) {
			flush_give_up(session, operations, count, &error);
			session_lost(session);
			return;
		}
		history.clashed = false;
		count = read_once(session, operations, count, deadline, &history, &is_lost, &error);
		made_progress = count < before || history.apart != was_apart || history.changed != changed;
		if (count > 0 && !may_rerun(session, &history, is_lost, made_progress)) {
			flush_give_up(session, operations, count, &error);
			return;
		}
	}
}
