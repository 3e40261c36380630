/* SPDX-License-Identifier: MIT */
/* transaction.c - many writes in one transaction with one commit, sent in one flush. */
#include "transaction.h"

#include "failure.h"
#include "failure_postgres.h"
#include "kinds.h"
#include "limits.h"
#include "operation_kinds.h"

static void make_units(struct transaction *transaction, struct dm_operation **operations, size_t count)
{
	transaction->count = 0;
	transaction->records = false;
	transaction->waits_not = count == 1 && lane_was_parked(operations[0]);
	for (size_t i = 0; i < count; i++) {
		bool is_send = operations[i]->kind == DM_OP_SEND;
		struct unit *last = i > 0 ? &transaction->units[transaction->count - 1] : NULL;

		if (last && is_send) { /* sends come first */
			last->count++;
			continue;
		}
		transaction->units[transaction->count++] = (struct unit){.operations = &operations[i], .count = 1};
	}
}

static bool send_messages(struct session *session, struct unit *unit)
{
	struct parameters parameters = {.count = 0};
	struct buffer arrays[SEND_ARRAYS];
	bool good;

	for (size_t i = 0; i < SEND_ARRAYS; i++)
		buffer_init(&arrays[i], SIZE_MAX);
	good = pg_messages_send(session->postgres, unit->operations, unit->count, &parameters, arrays);
	if (good)
		session_send(session, MESSAGES_INSERT, &parameters);
	else
		for (size_t i = 0; i < unit->count; i++)
			unit->operations[i]->status = fail(&unit->operations[i]->error, DM_NO_MEMORY, "out of memory");
	for (size_t i = 0; i < SEND_ARRAYS; i++)
		buffer_release(&arrays[i]);
	return good;
}

/* Asks an operation's statement; false where there is nothing to ask. */
static bool ask(struct session *session, struct dm_operation *operation)
{
	const struct store_options *options = &session->postgres->options;
	struct parameters parameters = {.users = options->users, .records = options->record_events};
	enum statement statement = pg_operation_ask(operation)(operation, &parameters);

	if (statement == NOTHING_TO_ASK)
		return false;
	session_send(session, statement, &parameters);
	return true;
}

/* False where the session was cut before the COMMIT: then nothing will be committed. */
static bool send_all(struct session *session, struct transaction *transaction)
{
	bool has_commit;

	session_send(session, BEGIN_WRITE, NULL);
	pg_set_limits(session, transaction->waits_not);
	for (size_t i = 0; i < transaction->count; i++) {
		struct unit *unit = &transaction->units[i];
		struct dm_operation *first = unit->operations[0];

		if (first->kind == DM_OP_SEND)
			unit->is_asked = send_messages(session, unit);
		else
			unit->is_asked = ask(session, first);
		transaction->records |= session->postgres->options.record_events && operation_records_events(first);
	}
	if (transaction->records)
		session_send(session, EVENTS_NOTIFY, NULL);
	has_commit = session_send(session, COMMIT, NULL);
	session_sync(session);
	return has_commit;
}

/* The one result of a statement, without the NULL behind it. */
static bool take_result(struct session *session, int64_t deadline, PGresult **result, struct dm_error *error)
{
	PGresult *end = NULL;

	if (!session_result(session, deadline, result, error))
		return false;
	if (session_result(session, deadline, &end, error))
		return true;
	PQclear(*result);
	*result = NULL;
	return false;
}

static bool note_failure(struct ending *ending, struct unit *culprit, const PGresult *result)
{
	if (!result_is_error(result))
		return false;
	if (ending->how == FAILED) /* the first failure is the cause of the others */
		return true;
	ending->how = FAILED;
	ending->culprit = culprit;
	ending->remedy = postgres_remedy(result);
	postgres_failure(result, &ending->error);
	return true;
}

/* The answer to COMMIT. Where a statement has failed it was not run. */
static void take_commit(struct session *session, int64_t deadline, struct ending *ending)
{
	PGresult *result;

	if (!take_result(session, deadline, &result, &ending->error)) {
		ending->how = ending->how == FAILED ? FAILED : LOST;
		return;
	}
	if (note_failure(ending, NULL, result) && ending->culprit == NULL && ending->remedy == REMEDY_RECONNECT)
		ending->how = LOST; /* the server ended while it committed: nobody knows */
	PQclear(result);
}

/* The answer to NOTIFY. If it does not come, neither does that to COMMIT. */
static void take_notify(struct session *session, int64_t deadline, struct ending *ending)
{
	PGresult *result;

	if (!take_result(session, deadline, &result, &ending->error))
		return;
	note_failure(ending, NULL, result);
	PQclear(result);
}

static struct ending take_all(struct session *session, struct transaction *transaction, int64_t deadline)
{
	struct ending ending = {.how = COMMITTED};
	PGresult *result;

	if (!take_result(session, deadline, &result, &ending.error)) {
		ending.how = LOST;
		return ending;
	}
	if (note_failure(&ending, NULL, result)) /* of BEGIN: the fault of none */
		ending.remedy = ending.remedy == REMEDY_LEAVE_OUT ? REMEDY_NONE : ending.remedy;
	PQclear(result);
	if (!pg_limits_were_set(session, transaction->waits_not, deadline, &ending.error)) {
		ending.how = LOST;
		return ending;
	}
	for (size_t i = 0; i < transaction->count; i++) {
		struct unit *unit = &transaction->units[i];

		if (!unit->is_asked)
			continue;
		if (!take_result(session, deadline, &unit->result, &ending.error)) {
			/* After a failure there was no commit, whatever else has happened. */
			ending.how = ending.how == FAILED ? FAILED : LOST;
			return ending;
		}
		note_failure(&ending, unit, unit->result);
	}
	if (transaction->records)
		take_notify(session, deadline, &ending);
	take_commit(session, deadline, &ending);
	return ending;
}

/* Leaves the session without a transaction, or without its connection. */
static void clean_up(struct session *session, const struct ending *ending, int64_t deadline)
{
	struct dm_error ignored = {0};
	enum dm_status drained = DM_UNAVAILABLE;

	if (ending->how != LOST && !(ending->how == FAILED && ending->remedy == REMEDY_RECONNECT))
		drained = session_drain(session, deadline, &ignored);
	if (drained == DM_OK && ending->how == FAILED) {
		session_send(session, ROLLBACK, NULL);
		session_sync(session);
		drained = session_drain(session, deadline, &ignored);
	}
	if (drained != DM_OK)
		session_lost(session);
}

static void take_results(const struct session *session, const struct transaction *transaction)
{
	for (size_t i = 0; i < transaction->count; i++) {
		const struct unit *unit = &transaction->units[i];
		struct dm_operation *first = unit->operations[0];
		struct answer answer = {.result = unit->result};

		if (!unit->is_asked)
			continue; /* its status says why */
		if (first->kind == DM_OP_SEND)
			pg_take_sent_messages(unit->operations, unit->count, unit->result);
		else
			first->status = pg_operation_take(first)(session->postgres, first, &answer);
	}
}

static void count_commit(struct postgres *postgres)
{
	pthread_mutex_lock(&postgres->mutex);
	postgres->commits++;
	pthread_mutex_unlock(&postgres->mutex);
}

struct ending pg_transaction_run(struct session *session, struct transaction *transaction,
				 struct dm_operation **operations, size_t count, int64_t deadline)
{
	struct ending ending = {.how = FAILED, .remedy = REMEDY_RECONNECT, .error = {DM_NO_MEMORY, "out of memory"}};

	session->unreplicated = false;
	make_units(transaction, operations, count);
	if (send_all(session, transaction))
		ending = take_all(session, transaction, deadline);
	if (ending.remedy == REMEDY_ELSEWHERE)
		ending.remedy = session_may_move(session) ? REMEDY_RECONNECT : REMEDY_NONE;
	if (ending.how == COMMITTED && session->unreplicated)
		ending.how = LOST; /* with the primary it would be */
	clean_up(session, &ending, deadline);
	if (ending.how == COMMITTED) {
		take_results(session, transaction);
		count_commit(session->postgres);
		if (transaction->records)
			session->postgres->options.recorded(session->postgres->options.recorded_context);
	}
	for (size_t i = 0; i < transaction->count; i++)
		PQclear(transaction->units[i].result);
	return ending;
}
