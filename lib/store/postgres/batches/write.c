/* SPDX-License-Identifier: MIT */
/* write.c - the writes of a batch, until they are committed or have failed: what one transaction's failure means for
 * each.
 *
 * A row that another transaction holds delays what needs it, and nothing else. Such an operation is set apart: it
 * leaves the batch, and comes back after a pause as a batch of its own that waits for no lock, until its time is over.
 * For a second all that needs the row is set apart from the start. */
#include "write.h"

#include "clock.h"
#include "locks.h"
#include "nouns.h"
#include "ready.h"
#include "transaction.h"

/* How often a clash with other transactions is repeated before the answer is that the database is busy. */
#define REPEATS_MOST 5

static void complete_all(const struct session *session, struct dm_operation **operations, size_t count)
{
	for (size_t i = 0; i < count; i++)
		lane_complete(&session->postgres->options, operations[i]);
}

static void fail_one(const struct session *session, struct dm_operation *operation, const struct dm_error *error)
{
	operation->status = error->status;
	operation->error = *error;
	if (operation->kind == DM_OP_USER_CREATE)
		pg_refuse_user(operation);
	lane_complete(&session->postgres->options, operation);
}

/* Takes the culprit out; gives how many are left. */
static size_t leave_out(struct dm_operation **operations, size_t count, const struct dm_operation *culprit)
{
	size_t left = 0;

	for (size_t i = 0; i < count; i++)
		if (operations[i] != culprit)
			operations[left++] = operations[i];
	return left;
}

/* ---- rows that others hold ----------------------------------------------------------------------------------- */

/* Sets apart what needs a row that is known to be held; gives how many are left. */
static size_t set_held_apart(struct session *session, struct dm_operation **operations, size_t count)
{
	size_t left = 0;

	if (!session->parking || !held_any(session->held) || (count == 1 && lane_was_parked(operations[0])))
		return count;
	for (size_t i = 0; i < count; i++)
		if (held_needs(session->held, operations[i]))
			lane_park(session->parking, operations[i]);
		else
			operations[left++] = operations[i];
	return left;
}

static bool is_among(const PGresult *result, int64_t id)
{
	for (int row = 0; row < PQntuples(result); row++)
		if (pg_int(result, row, 0) == id)
			return true;
	return false;
}

/* Notes which users of the sends are held, or gone. False where it can't be told. */
static bool note_held_users(struct session *session, struct dm_operation **operations, size_t count, int64_t deadline)
{
	struct parameters parameters = {.count = 0};
	struct dm_error ignored = {0};
	struct buffer ids;
	PGresult *free_ones = NULL;

	buffer_init(&ids, SIZE_MAX);
	pg_array_begin(&ids, TYPE_BIGINT, 2 * count);
	for (size_t i = 0; i < count; i++) {
		pg_array_append_int(&ids, operations[i]->send.sender_id);
		pg_array_append_int(&ids, operations[i]->send.recipient_id);
	}
	pg_add_array(&parameters, &ids);
	if (!ids.failed) {
		session_send(session, USERS_FREE, &parameters);
		session_sync(session);
		if (session_result(session, deadline, &free_ones, &ignored) &&
		    PQresultStatus(free_ones) != PGRES_TUPLES_OK) {
			PQclear(free_ones);
			free_ones = NULL;
		}
		if (session_drain(session, deadline, &ignored) != DM_OK)
			session_lost(session);
	}
	buffer_release(&ids);
	for (size_t i = 0; i < count && free_ones; i++) {
		if (!is_among(free_ones, operations[i]->send.sender_id))
			held_note_user(session->held, operations[i]->send.sender_id);
		if (!is_among(free_ones, operations[i]->send.recipient_id))
			held_note_user(session->held, operations[i]->send.recipient_id);
	}
	PQclear(free_ones);
	return free_ones != NULL;
}

/* After a wait for a lock that took too long; gives how many are left to be run at once. */
static size_t after_lock(struct session *session, struct dm_operation **operations, size_t count,
			 const struct ending *ending, int64_t deadline)
{
	struct dm_operation *culprit = ending->culprit ? ending->culprit->operations[0] : NULL;
	size_t sends = 0, left;

	if (culprit && culprit->kind != DM_OP_SEND) {
		held_note(session->held, culprit);
		lane_park(session->parking, culprit);
		return leave_out(operations, count, culprit);
	}
	while (sends < count && operations[sends]->kind == DM_OP_SEND)
		sends++;
	left = sends > 0 && note_held_users(session, operations, sends, deadline)
		       ? set_held_apart(session, operations, count)
		       : count;
	if (left < count)
		return left;
	for (size_t i = 0; i < count; i++) /* it is no row that we know: each has to find out for itself */
		lane_park(session->parking, operations[i]);
	return 0;
}

/* ---- what a failure means for the others --------------------------------------------------------------------- */

/* What has happened to the writes so far. */
struct history {
	int repeats;    /* after clashes with other transactions */
	bool was_stale; /* the session was of no use */
};

/* Whether the same writes may be run again as they are. */
static bool may_repeat(const struct ending *ending, struct history *history)
{
	if (ending->remedy == REMEDY_RERUN)
		return history->repeats++ < REPEATS_MOST;
	if (ending->remedy != REMEDY_RECONNECT || history->was_stale)
		return false;
	history->was_stale = true;
	return true;
}

/* After a failure that has rolled back all of it: how many of the writes are left to be run; *alone where it can't be
 * told whose fault it is, so that each has to be run alone. */
static size_t after_failure(struct session *session, struct dm_operation **operations, size_t count,
			    const struct ending *ending, int64_t deadline, struct history *history, bool *alone)
{
	if (ending->remedy == REMEDY_PARK && session->parking)
		return after_lock(session, operations, count, ending, deadline);
	if ((ending->remedy == REMEDY_LEAVE_OUT || ending->remedy == REMEDY_PARK) && count > 1) {
		*alone = !ending->culprit || ending->culprit->count > 1;
		if (*alone)
			return count;
		fail_one(session, ending->culprit->operations[0], &ending->error);
		return leave_out(operations, count, ending->culprit->operations[0]);
	}
	if (may_repeat(ending, history))
		return count;
	for (size_t i = 0; i < count; i++)
		fail_one(session, operations[i], &ending->error);
	return 0;
}

/* Runs the writes until they are committed, or have failed. Gives how many are left, each to be run alone. */
static size_t run(struct session *session, struct dm_operation **operations, size_t count, int64_t deadline)
{
	static const struct dm_error unknown = {
		DM_UNAVAILABLE,
		"it is not known whether the database has stored what was sent: the connection was lost, or a standby did not answer"};
	struct transaction transaction; /* the ending points into it */
	struct history history = {.repeats = 0};
	bool alone = false;

	while (count > 0 && !alone) {
		struct dm_error error = {0};
		struct ending ending = {.how = LOST};

		if (clock_monotonic() > deadline)
			error = lane_late;
		else if (pg_session_ready(session, deadline, &error) == DM_OK)
			ending = pg_transaction_run(session, &transaction, operations, count, deadline);
		if (error.status == DM_OK && ending.how == COMMITTED) {
			complete_all(session, operations, count);
			return 0;
		}
		if (error.status == DM_OK && ending.how == LOST)
			error = unknown;
		if (error.status != DM_OK) {
			lane_fail(&session->postgres->options, operations, count, &error);
			return 0;
		}
		count = after_failure(session, operations, count, &ending, deadline, &history, &alone);
	}
	return count;
}

void pg_write(struct session *session, struct dm_operation **operations, size_t count, int64_t deadline)
{
	size_t left;

	pg_order(operations, count);
	count = set_held_apart(session, operations, count);
	left = run(session, operations, count, deadline);
	for (size_t i = 0; i < left; i++)
		(void)run(session, &operations[i], 1, deadline);
}
