/* SPDX-License-Identifier: MIT */
/* write.c - runs the writes of a batch until they are committed or have failed.
 *
 * A row that another transaction holds delays only what needs it. Such an operation is parked: it leaves the batch, and
 * comes back after a pause as a batch of its own that waits for no lock, until its time is over. For a second, all that
 * needs the same row is parked from the start. A send whose idempotency key another transaction is writing is parked
 * too. */
#include "write.h"

#include "clock.h"
#include "locks.h"
#include "nouns.h"
#include "ready.h"
#include "settle.h"
#include "transaction.h"

/* How often writes are rerun after a clash with other transactions before they fail with DM_BUSY. */
#define MAX_RERUNS 5

/* What has happened to the writes so far. */
struct write_history {
	int reruns;     /* after clashes with other transactions */
	bool was_stale; /* a session was of no use any more */
};

static void fail_one(const struct pg_session *session, struct dm_operation *operation, const struct dm_error *error)
{
	operation->status = error->status;
	operation->error = *error;
	pg_refuse_user(operation);
	lane_complete(&session->postgres->options, operation);
}

/* Removes the culprit. Gives how many are left. */
static size_t leave_out(struct dm_operation **operations, size_t count, const struct dm_operation *culprit)
{
	size_t left = 0;

	for (size_t i = 0; i < count; i++)
		if (operations[i] != culprit)
			operations[left++] = operations[i];
	return left;
}

/* ---- rows that other transactions hold ----------------------------------------------------------------------- */

/* Parks what needs a row that is known to be held. Gives how many are left. */
static size_t park_held(struct pg_session *session, struct dm_operation **operations, size_t count)
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

/* Whether the first column has the id. */
static bool is_among(const PGresult *result, int64_t id)
{
	for (int row = 0; row < PQntuples(result); row++)
		if (pg_int(result, row, 0) == id)
			return true;
	return false;
}

/* Asks which users of the sends can be locked, and notes the others as held. False where that can't be found out. */
static bool note_held_users(struct pg_session *session, struct dm_operation **operations, size_t count,
			    int64_t deadline)
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

/* Parks what has waited too long for a lock. Gives how many are left to be run at once. */
static size_t after_lock(struct pg_session *session, struct dm_operation **operations, size_t count,
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
		       ? park_held(session, operations, count)
		       : count;
	if (left < count)
		return left;
	for (size_t i = 0; i < count; i++) /* an unknown row is held: each operation finds out for itself */
		lane_park(session->parking, operations[i]);
	return 0;
}

/* ---- after the commit ---------------------------------------------------------------------------------------- */

/* Completes the operations. Left to be run at once are sends whose key another send has taken a moment ago, which the
 * next snapshot shows. One whose key is held by a transaction under way is parked. Gives how many are left. */
static size_t after_commit(struct pg_session *session, struct dm_operation **operations, size_t count,
			   struct write_history *history, int64_t deadline)
{
	static const struct dm_error held = {DM_BUSY,
					     "another send with this Idempotency-Key is under way; try again later"};
	struct dm_operation *settled[LANE_MAX_BATCH];
	bool may_rerun = history->reruns++ < MAX_RERUNS;
	size_t left = 0, settled_count = 0;

	for (size_t i = 0; i < count; i++) {
		bool has_clashed = operations[i]->internal.key == DM_KEY_CLASHED;

		if (has_clashed && may_rerun)
			operations[left++] = operations[i];
		else if (operations[i]->internal.key != DM_KEY_SETTLED && session->parking)
			lane_park(session->parking, operations[i]);
		else if (operations[i]->internal.key != DM_KEY_SETTLED)
			lane_fail(&session->postgres->options, &operations[i], 1, &held);
		else
			settled[settled_count++] = operations[i];
	}
	settle(session, settled, settled_count, deadline);
	return left;
}

/* ---- after a failure ----------------------------------------------------------------------------------------- */

/* Whether the same writes may be rerun as they are. */
static bool may_rerun(const struct ending *ending, struct write_history *history)
{
	if (ending->remedy == REMEDY_RERUN)
		return history->reruns++ < MAX_RERUNS;
	if (ending->remedy != REMEDY_RECONNECT || history->was_stale)
		return false;
	history->was_stale = true;
	return true;
}

/* After the transaction was rolled back: gives how many of the writes are left to be run. *alone: it is not known whose
 * fault it was, so each has to be run alone. */
static size_t after_failure(struct pg_session *session, struct dm_operation **operations, size_t count,
			    const struct ending *ending, int64_t deadline, struct write_history *history, bool *alone)
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
	if (may_rerun(ending, history))
		return count;
	for (size_t i = 0; i < count; i++)
		fail_one(session, operations[i], &ending->error);
	return 0;
}

/* Runs the writes until they are committed or have failed. Gives how many are left, each to be run alone. */
static size_t run(struct pg_session *session, struct dm_operation **operations, size_t count, int64_t deadline)
{
	static const struct dm_error unknown = {
		DM_UNAVAILABLE,
		"it is not known whether the database has stored what was sent: the connection was lost, or a standby did "
		"not answer; check before you try again"};
	struct transaction transaction; /* the ending points into it */
	struct write_history history = {.reruns = 0};
	bool alone = false;

	while (count > 0 && !alone) {
		struct dm_error error = {0};
		struct ending ending = {.how = LOST};

		if (clock_monotonic() > deadline)
			error = lane_late;
		else if (pg_session_ready(session, deadline, &error) == DM_OK)
			ending = pg_transaction_run(session, &transaction, operations, count, deadline);
		if (error.status == DM_OK && ending.how == COMMITTED) {
			count = after_commit(session, operations, count, &history, deadline);
			continue;
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

void pg_write(struct pg_session *session, struct dm_operation **operations, size_t count, int64_t deadline)
{
	size_t left;

	if (count == 1 && settle_is_left(operations[0])) {
		settle(session, operations, count, deadline);
		return;
	}
	pg_order(operations, count);
	count = park_held(session, operations, count);
	left = run(session, operations, count, deadline);
	for (size_t i = 0; i < left; i++)
		(void)run(session, &operations[i], 1, deadline);
}
