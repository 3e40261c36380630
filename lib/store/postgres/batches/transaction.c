/* SPDX-License-Identifier: MIT */
/* transaction.c - many writes in one transaction with one commit, sent in one flush. */
#include "transaction.h"

#include "failure.h"
#include "failure_postgres.h"
#include "kinds.h"
#include "limits.h"
#include "listener.h"
#include "operation_kinds.h"
#include "written.h"

/* How many statements count new partners. */
#define LIMIT_STATEMENTS 3

static void make_steps(struct transaction *transaction, struct dm_operation **operations, size_t count)
{
	transaction->count = 0;
	transaction->records = false;
	transaction->without_waiting = count == 1 && lane_was_parked(operations[0]);
	for (size_t i = 0; i < count; i++) {
		bool is_send = operations[i]->kind == DM_OP_SEND;
		struct transaction_step *last = i > 0 ? &transaction->steps[transaction->count - 1] : NULL;

		if (last && is_send) { /* sends come first */
			last->count++;
			continue;
		}
		transaction->steps[transaction->count++] =
			(struct transaction_step){.operations = &operations[i], .count = 1};
	}
}

/* Sends the statements that count new partners. False: there is no memory. */
static bool send_limits(struct pg_session *session, struct transaction_step *step)
{
	struct parameters parameters = {.count = 0};
	struct buffer arrays[2];
	int all;

	buffer_init(&arrays[0], SIZE_MAX);
	buffer_init(&arrays[1], SIZE_MAX);
	pg_partners_ask(step->operations, step->count, &parameters, arrays);
	step->is_limited = !arrays[0].failed && !arrays[1].failed;
	if (step->is_limited) {
		all = parameters.count;
		parameters.count = 3;
		session_send(session, PARTNERS_LOCK, &parameters);
		session_send(session, PARTNERS_EXPIRE, &parameters);
		parameters.count = all;
		session_send(session, PARTNERS_TAKE, &parameters);
	}
	buffer_release(&arrays[0]);
	buffer_release(&arrays[1]);
	return step->is_limited;
}

static bool send_messages(struct pg_session *session, struct transaction_step *step)
{
	struct parameters parameters = {.count = 0};
	struct buffer arrays[SEND_ARRAYS];
	enum pg_statement statement;

	for (size_t i = 0; i < SEND_ARRAYS; i++)
		buffer_init(&arrays[i], SIZE_MAX);
	statement = pg_messages_send(session->postgres, step->operations, step->count, &parameters, arrays);
	if (statement != NOTHING_TO_ASK && pg_sends_are_limited(step->operations, step->count) &&
	    !send_limits(session, step))
		statement = NOTHING_TO_ASK;
	if (statement != NOTHING_TO_ASK)
		session_send(session, statement, &parameters);
	else
		for (size_t i = 0; i < step->count; i++)
			step->operations[i]->status = fail(&step->operations[i]->error, DM_NO_MEMORY, "out of memory");
	for (size_t i = 0; i < SEND_ARRAYS; i++)
		buffer_release(&arrays[i]);
	return statement != NOTHING_TO_ASK;
}

/* Sends an operation's statement. False: there is nothing to ask. */
static bool send_operation(struct pg_session *session, struct dm_operation *operation)
{
	const struct store_options *options = &session->postgres->options;
	struct parameters parameters = {.users = options->users, .records = options->record_events};
	enum pg_statement statement = pg_operation_ask(operation)(operation, &parameters);

	if (statement == NOTHING_TO_ASK)
		return false;
	session_send(session, statement, &parameters);
	return true;
}

/* False: the session was cut before the COMMIT, so nothing will be committed. */
static bool send_all(struct pg_session *session, struct transaction *transaction)
{
	bool has_commit;

	session_send(session, BEGIN_WRITE, NULL);
	pg_set_limits(session, transaction->without_waiting);
	for (size_t i = 0; i < transaction->count; i++) {
		struct transaction_step *step = &transaction->steps[i];
		struct dm_operation *first = step->operations[0];

		if (first->kind == DM_OP_SEND)
			step->is_sent = send_messages(session, step);
		else
			step->is_sent = send_operation(session, first);
		transaction->records |= session->postgres->options.record_events && operation_records_events(first);
	}
	has_commit = session_send(session, COMMIT, NULL);
	session_sync(session);
	return has_commit;
}

/* Reads the one result of a statement, and the NULL behind it. */
static bool read_result(struct pg_session *session, int64_t deadline, PGresult **result, struct dm_error *error)
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

/* Notes a failure as the ending, unless there was one before. False: the result is not a failure. */
static bool note_failure(struct ending *ending, struct transaction_step *culprit, const PGresult *result)
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

/* Reads the result of COMMIT, which was skipped if a statement has failed. */
static void read_commit(struct pg_session *session, int64_t deadline, struct ending *ending)
{
	PGresult *result;

	if (!read_result(session, deadline, &result, &ending->error)) {
		ending->how = ending->how == FAILED ? FAILED : LOST;
		return;
	}
	if (note_failure(ending, NULL, result) && ending->culprit == NULL && ending->remedy == REMEDY_RECONNECT)
		ending->how = LOST; /* the server ended while it committed */
	PQclear(result);
}

/* Reads the results of the statements that count new partners; the last one's is kept. False: the connection is lost.
 */
static bool read_limits(struct pg_session *session, struct transaction_step *step, int64_t deadline,
			struct ending *ending)
{
	for (int i = 0; i < LIMIT_STATEMENTS; i++) {
		PQclear(step->limits);
		step->limits = NULL;
		if (!read_result(session, deadline, &step->limits, &ending->error))
			return false;
		note_failure(ending, step, step->limits);
	}
	return true;
}

static struct ending read_all(struct pg_session *session, struct transaction *transaction, int64_t deadline)
{
	struct ending ending = {.how = COMMITTED};
	PGresult *result;

	if (!read_result(session, deadline, &result, &ending.error)) {
		ending.how = LOST;
		return ending;
	}
	if (note_failure(&ending, NULL, result)) /* BEGIN has failed, which is no operation's fault */
		ending.remedy = ending.remedy == REMEDY_LEAVE_OUT ? REMEDY_NONE : ending.remedy;
	PQclear(result);
	if (!pg_limits_were_set(session, transaction->without_waiting, deadline, &ending.error)) {
		ending.how = LOST;
		return ending;
	}
	for (size_t i = 0; i < transaction->count; i++) {
		struct transaction_step *step = &transaction->steps[i];

		if (!step->is_sent)
			continue;
		if ((step->is_limited && !read_limits(session, step, deadline, &ending)) ||
		    !read_result(session, deadline, &step->result, &ending.error)) {
			/* After a failure there was no commit, even if the connection is lost now. */
			ending.how = ending.how == FAILED ? FAILED : LOST;
			return ending;
		}
		note_failure(&ending, step, step->result);
	}
	read_commit(session, deadline, &ending);
	return ending;
}

/* Leaves the session without a transaction, or without its connection. */
static void clean_up(struct pg_session *session, const struct ending *ending, int64_t deadline)
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

static void read_results(const struct pg_session *session, const struct transaction *transaction)
{
	for (size_t i = 0; i < transaction->count; i++) {
		const struct transaction_step *step = &transaction->steps[i];
		struct dm_operation *first = step->operations[0];
		struct row_set set = {.result = step->result};

		if (!step->is_sent)
			continue; /* its status says why */
		if (step->is_limited)
			pg_read_partners_taken(step->operations, step->count, step->limits);
		if (first->kind == DM_OP_SEND)
			pg_read_sent_messages(step->operations, step->count, step->result);
		else
			first->status = pg_operation_read_result(first)(session->postgres, first, &set);
	}
}

static void count_commit(struct postgres *postgres)
{
	pthread_mutex_lock(&postgres->mutex);
	postgres->commits++;
	pthread_mutex_unlock(&postgres->mutex);
}

/* To this server at once, and to the others. */
static void report_events(struct postgres *postgres)
{
	postgres->options.recorded(postgres->options.recorded_context);
	listener_announce(postgres->listener);
}

struct ending pg_transaction_run(struct pg_session *session, struct transaction *transaction,
				 struct dm_operation **operations, size_t count, int64_t deadline)
{
	struct ending ending = {.how = FAILED, .remedy = REMEDY_RECONNECT, .error = {DM_NO_MEMORY, "out of memory"}};

	session->unreplicated = false;
	make_steps(transaction, operations, count);
	if (send_all(session, transaction))
		ending = read_all(session, transaction, deadline);
	if (ending.remedy == REMEDY_ELSEWHERE)
		ending.remedy = session_may_move(session) ? REMEDY_RECONNECT : REMEDY_NONE;
	if (ending.how == COMMITTED && session->unreplicated)
		ending.how = LOST; /* the commit would be gone with the primary */
	clean_up(session, &ending, deadline);
	if (ending.how == LOST)
		written_note_unknown(session);
	if (ending.how == COMMITTED) {
		written_note(session, operations, count);
		read_results(session, transaction);
		count_commit(session->postgres);
		if (transaction->records)
			report_events(session->postgres);
	}
	for (size_t i = 0; i < transaction->count; i++) {
		PQclear(transaction->steps[i].result);
		PQclear(transaction->steps[i].limits);
	}
	return ending;
}
