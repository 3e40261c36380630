/* SPDX-License-Identifier: MIT */
/* read.c - many reads in one flush, look-ups of one kind in one statement. */
#include "read.h"

#include "failure_postgres.h"
#include "kinds.h"
#include "lane.h"
#include "limits.h"
#include "merge.h"
#include "operation_kinds.h"
#include "ready.h"

/* How often reads are run again because connections broke under them, and because others' transactions were in the way.
 */
#define LOSSES_MOST 3
#define CLASHES_MOST 5

/* An operation, and what is asked for it. */
struct asked {
	struct asked *next; /* in its unit */
	struct dm_operation *operation;
	enum statement statement;
	struct parameters parameters;
	int row;         /* its first among the unit's; -1: there is none */
	bool must_write; /* it was a question, and the answer is yes */
};

/* What one statement asks: for one operation, or for all that ask the same look-up. */
struct unit {
	struct asked *first, **last;
	size_t count;
};

/* What goes out at once. */
struct flush {
	struct asked asked[LANE_MAX_BATCH];
	struct unit units[LANE_MAX_BATCH];
	size_t units_count;
};

/* What has happened to the reads so far. */
struct history {
	int losses;    /* of connections */
	int clashes;   /* flushes that met deadlocks, or transactions that can't be put in an order */
	bool clashed;  /* the last flush did */
	bool apart;    /* a statement for many has failed: each is asked alone */
	size_t others; /* have to be asked in another way */
};

enum outcome {
	READ_DONE,  /* the operation is completed, or handed on */
	READ_AGAIN, /* nothing came of it, through another's fault */
	READ_CLASH, /* the same: other transactions were in the way */
	READ_STALE, /* nothing came of it, and the session is of no use any more */
	READ_LOST   /* the connection has broken: so have all that follow */
};

bool pg_is_question(const struct session *session, const struct dm_operation *operation)
{
	return session->writer && pg_operation_question(operation);
}

/* ---- asking -------------------------------------------------------------------------------------------------- */

/* Adds it to those that ask the same, if there are any: *open is their unit. */
static void add_to_unit(struct flush *flush, struct asked *asked, struct unit **open)
{
	if (!*open) {
		*open = &flush->units[flush->units_count++];
		**open = (struct unit){.last = &(*open)->first};
	}
	*(*open)->last = asked;
	(*open)->last = &asked->next;
	(*open)->count++;
}

/* Chooses the statements; operations without one are done. */
static void make_units(struct session *session, struct flush *flush, struct dm_operation **operations, size_t count,
		       bool apart)
{
	const struct postgres *postgres = session->postgres;
	struct unit *open[STATEMENT_COUNT] = {NULL};

	flush->units_count = 0;
	for (size_t i = 0; i < count; i++) {
		operation_ask *ask = pg_is_question(session, operations[i]) ? pg_operation_question(operations[i])
									    : pg_operation_ask(operations[i]);
		struct asked *asked = &flush->asked[i];
		struct unit *alone = NULL;

		asked->operation = operations[i];
		asked->next = NULL;
		asked->must_write = false;
		asked->parameters = (struct parameters){.users = postgres->options.users};
		asked->statement = ask(operations[i], &asked->parameters);
		if (asked->statement == NOTHING_TO_ASK)
			lane_complete(&postgres->options, operations[i]);
		else
			add_to_unit(flush, asked,
				    apart || !postgres->statements.texts[MERGED(asked->statement)]
					    ? &alone
					    : &open[asked->statement]);
	}
}

/* One statement for all of the unit; false where there is no memory. */
static bool send_merged(struct session *session, const struct unit *unit)
{
	const struct parameters *each[LANE_MAX_BATCH];
	struct parameters merged = {.count = 0};
	struct buffer arrays[MAX_PARAMETERS];
	size_t count = 0;
	bool good;

	for (size_t i = 0; i < MAX_PARAMETERS; i++)
		buffer_init(&arrays[i], SIZE_MAX);
	for (const struct asked *asked = unit->first; asked; asked = asked->next)
		each[count++] = &asked->parameters;
	good = merge_parameters(&merged, arrays, each, count);
	if (good)
		session_send(session, MERGED(unit->first->statement), &merged);
	for (size_t i = 0; i < MAX_PARAMETERS; i++)
		buffer_release(&arrays[i]);
	return good;
}

static void fail_unit(const struct session *session, struct unit *unit, const struct dm_error *error)
{
	for (struct asked *asked = unit->first; asked; asked = asked->next)
		lane_fail(&session->postgres->options, &asked->operation, 1, error);
}

static void send_units(struct session *session, struct flush *flush)
{
	static const struct dm_error no_memory = {DM_NO_MEMORY, "out of memory"};
	size_t sent = 0;

	pg_set_limits(session, false);
	for (size_t i = 0; i < flush->units_count; i++) {
		struct unit *unit = &flush->units[i];

		if (unit->count == 1) {
			session_send(session, unit->first->statement, &unit->first->parameters);
		} else if (!send_merged(session, unit)) {
			fail_unit(session, unit, &no_memory);
			continue;
		}
		flush->units[sent++] = *unit;
	}
	flush->units_count = sent;
	session_sync(session);
}

/* ---- taking answers ------------------------------------------------------------------------------------------ */

static enum outcome outcome_of(const PGresult *result)
{
	if (PQresultStatus(result) == PGRES_PIPELINE_ABORTED)
		return READ_AGAIN;
	switch (postgres_remedy(result)) {
	case REMEDY_RECONNECT:
		return READ_STALE;
	case REMEDY_RERUN:
		return READ_CLASH;
	default:
		return READ_DONE;
	}
}

/* Which row is whose. */
static void assign_rows(struct unit *unit, const PGresult *result)
{
	struct asked *each[LANE_MAX_BATCH];
	int rows = PQntuples(result), last = PQnfields(result) - 1;
	int64_t count = 0;

	for (struct asked *asked = unit->first; asked; asked = asked->next) {
		asked->row = -1;
		each[count++] = asked;
	}
	if (count == 1)
		unit->first->row = rows > 0 ? 0 : -1;
	else
		for (int row = 0; row < rows; row++) {
			int64_t number = pg_int(result, row, last);

			if (number >= 1 && number <= count)
				each[number - 1]->row = row;
		}
}

/* Gives each operation its rows; a question to which the answer is yes is to be handed on. */
static void take_rows(const struct session *session, struct unit *unit, struct answer *answer, const PGresult *result)
{
	assign_rows(unit, result);
	for (struct asked *asked = unit->first; asked; asked = asked->next) {
		struct dm_operation *operation = asked->operation;

		asked->must_write = pg_is_question(session, operation) && asked->row >= 0;
		answer->result = asked->row >= 0 ? result : NULL;
		answer->row = asked->row;
		if (!asked->must_write)
			operation->status = pg_operation_take(operation)(session->postgres, operation, answer);
	}
}

static void finish_unit(struct session *session, struct unit *unit)
{
	for (struct asked *asked = unit->first; asked; asked = asked->next)
		if (asked->must_write)
			lane_submit(session->writer, asked->operation);
		else
			lane_complete(&session->postgres->options, asked->operation);
}

/* What has come of one statement. */
struct taken {
	enum outcome outcome;
	struct dm_error failure;
	bool again; /* its operations have to be asked in another way */
	bool lent;  /* rows can't be lent twice */
	bool whole; /* all rows are there, whatever becomes of the connection */
};

static void take_results(struct session *session, struct unit *unit, int64_t deadline, struct taken *taken)
{
	struct answer answer = {.enough = false};
	PGresult *result;

	for (;;) {
		if (!session_result(session, deadline, &result, &taken->failure)) {
			taken->outcome = READ_LOST;
			break;
		}
		if (!result)
			break;
		if (PQresultStatus(result) == PGRES_TUPLES_OK || PQresultStatus(result) == PGRES_SINGLE_TUPLE) {
			take_rows(session, unit, &answer, result);
			taken->lent = taken->lent || PQntuples(result) > 0;
			taken->whole = PQresultStatus(result) == PGRES_TUPLES_OK;
		} else {
			postgres_failure(result, &taken->failure);
			taken->outcome = outcome_of(result);
		}
		PQclear(result);
	}
	taken->again = answer.again;
}

/* Takes all results of one statement. A unit whose operations are done has none any more (first); what the connection
 * has come to is told all the same. */
static enum outcome take_unit(struct session *session, struct unit *unit, int64_t deadline, struct history *history,
			      struct dm_error *error)
{
	const struct dm_operation *first = unit->first->operation;
	struct taken taken = {.outcome = READ_DONE};

	if (operation_is_unlimited(first))
		PQsetSingleRowMode(session->connection);
	take_results(session, unit, deadline, &taken);
	if (taken.failure.status == DM_OK || taken.whole) {
		history->others += taken.again;
		if (taken.again)
			return taken.failure.status == DM_OK ? READ_AGAIN : taken.outcome;
		finish_unit(session, unit);
		unit->first = NULL;
		return taken.outcome;
	}
	if (taken.outcome != READ_AGAIN || error->status == DM_OK) /* the cause, not what it has ended with it */
		*error = taken.failure;
	if (taken.outcome == READ_DONE && unit->count > 1) {
		history->apart = true;
		return READ_AGAIN;
	}
	if (taken.outcome == READ_DONE || taken.lent) {
		fail_unit(session, unit, &taken.failure);
		unit->first = NULL;
	}
	return taken.outcome;
}

/* ---- all of it ----------------------------------------------------------------------------------------------- */

/* Puts the unit's operations among those that have to be run again. */
static size_t keep(const struct unit *unit, struct dm_operation **operations, size_t again)
{
	for (const struct asked *asked = unit->first; asked; asked = asked->next)
		operations[again++] = asked->operation;
	return again;
}

/* Whether the same may be run again: each reason has its number of times, unless some reads are done by now. */
static bool may_repeat(struct history *history, bool is_lost, bool made_progress)
{
	if (is_lost)
		return history->losses++ < LOSSES_MOST;
	if (history->clashed)
		return history->clashes++ < CLASHES_MOST;
	return made_progress;
}

/* One flush. Gives how many have to be run again, which come first; *is_lost tells whether the connection has gone. */
static size_t read_once(struct session *session, struct dm_operation **operations, size_t count, int64_t deadline,
			struct history *history, bool *is_lost, struct dm_error *error)
{
	struct flush flush;
	size_t again = 0;

	make_units(session, &flush, operations, count, history->apart);
	send_units(session, &flush);
	*is_lost = !pg_limits_were_set(session, false, deadline, error);
	for (size_t i = 0; i < flush.units_count; i++) {
		struct unit *unit = &flush.units[i];
		enum outcome outcome = *is_lost ? READ_LOST : take_unit(session, unit, deadline, history, error);

		if (outcome != READ_DONE)
			again = keep(unit, operations, again);
		history->clashed = history->clashed || outcome == READ_CLASH;
		*is_lost = outcome == READ_LOST || outcome == READ_STALE;
	}
	if (*is_lost || session_drain(session, deadline, &(struct dm_error){0}) != DM_OK)
		session_lost(session);
	return again;
}

void pg_read(struct session *session, struct dm_operation **operations, size_t count, int64_t deadline)
{
	struct history history = {.apart = false};

	while (count > 0) {
		bool is_lost, was_apart = history.apart, made_progress;
		struct dm_error error = {0};
		size_t before = count, others = history.others;

		if (pg_session_ready(session, deadline, &error) != DM_OK) {
			lane_fail(&session->postgres->options, operations, count, &error);
			return;
		}
		history.clashed = false;
		count = read_once(session, operations, count, deadline, &history, &is_lost, &error);
		made_progress = count < before || history.apart != was_apart || history.others != others;
		if (count > 0 && !may_repeat(&history, is_lost, made_progress)) {
			lane_fail(&session->postgres->options, operations, count, &error);
			return;
		}
	}
}
