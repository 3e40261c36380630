/* SPDX-License-Identifier: MIT */
/* batch.c - many writes in one commit. */
#include "batch.h"

#include "all_statements.h"
#include "checkpointer.h"
#include "clock.h"
#include "kinds.h"
#include "lane.h"
#include "operation_kinds.h"

/* Whether it is a failure of the store, which fails the whole transaction. */
static bool is_of_the_store(enum dm_status status)
{
	return status == DM_BUSY || status == DM_UNAVAILABLE || status == DM_NO_MEMORY;
}

/* Whether it is a failure of one operation that nobody expects, so that it may be half done: a constraint or a trigger
 * that a project has added, for example. */
static bool is_of_its_own(enum dm_status status)
{
	return status == DM_INTERNAL || status == DM_SCHEMA;
}

/* Runs the operations of a transaction that has begun. *culprit is the one that must not be part of it. Where it rolls
 * back by itself, a trigger may have done so (RAISE(ROLLBACK)), whatever became of the operation. */
static enum dm_status run_operations(struct sqlite_session *session, struct dm_operation **operations, size_t count,
				     size_t *culprit, struct dm_error *error)
{
	for (size_t i = 0; i < count; i++) {
		enum dm_status status;

		operation_run(session, operations[i]);
		status = operations[i]->status;
		if (!is_of_the_store(status) && !is_of_its_own(status) && !sqlite3_get_autocommit(session->db))
			continue;
		*error = operations[i]->error;
		if (!is_of_the_store(status))
			*culprit = i;
		return status;
	}
	return DM_OK;
}

/* *culprit: the operation that has failed by itself, and the transaction with it; `count` if it is none's fault. */
static enum dm_status run_in_transaction(struct sqlite_session *session, struct dm_operation **operations, size_t count,
					 size_t *culprit, struct dm_error *error)
{
	enum dm_status status = file_watch_ask(session->file, error);

	*culprit = count;
	session->recorded = false;
	if (status == DM_OK)
		status = prepare_all_statements(session, error);
	if (status == DM_OK)
		status = session_step_done(session, session->statements[BEGIN_WRITE], error);
	if (status == DM_OK)
		status = run_operations(session, operations, count, culprit, error);
	if (status == DM_OK) /* what is acknowledged must be in the file of that name */
		status = file_watch_look(session->file, error);
	if (status == DM_OK)
		status = session_step_done(session, session->statements[COMMIT], error);
	if (status == DM_OK)
		atomic_fetch_add_explicit(&session->commits, 1, memory_order_relaxed);
	return status;
}

/* Refuses operations that have waited too long, and gives how many are left. A locked file is waited for until the time
 * of the first of these is over, as if it were alone. */
static size_t refuse_late(struct sqlite_session *session, struct dm_operation **operations, size_t count)
{
	int64_t limit = session->options->busy_timeout_ms * INT64_C(1000), now = clock_monotonic();
	size_t kept = 0;

	for (size_t i = 0; i < count; i++) {
		if (now - operations[i]->internal.queued_at < limit) {
			operations[kept++] = operations[i];
			continue;
		}
		lane_fail(session->options, &operations[i], 1, &lane_late);
	}
	if (kept > 0)
		sqlite3_busy_timeout(session->db,
				     (int)((operations[0]->internal.queued_at + limit - now + 999) / 1000));
	return kept;
}

/* Leaves the session without a transaction. */
static void clean_up(struct sqlite_session *session, enum dm_status status)
{
	if (status != DM_OK && !sqlite3_get_autocommit(session->db)) { /* SQLite has not rolled back by itself */
		sqlite3_step(session->statements[ROLLBACK]);
		sqlite3_reset(session->statements[ROLLBACK]);
	}
	if (session->has_met_damage) /* its cache is given up, so that it sees a file that was put back */
		sqlite3_db_release_memory(session->db);
	session->has_met_damage = false;
	checkpointer_save(session->checkpointer);
}

static void complete(struct sqlite_session *session, struct dm_operation **operations, size_t count)
{
	if (session->recorded)
		session->options->recorded(session->options->recorded_context);
	for (size_t i = 0; i < count; i++) {
		operation_lend(session, operations[i]);
		lane_complete(session->options, operations[i]);
	}
}

/* Forgets what was done for operations that were rolled back. */
static void undo(struct sqlite_session *session, struct dm_operation **operations, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		session->options->undone(operations[i]);
		operation_clear_results(operations[i]);
		operations[i]->error = (struct dm_error){0};
	}
}

/* An operation that fails by itself is left out: those before it become a transaction of their own, then it is run
 * alone to get its failure, then those behind it. So each is run three times at most. No piece of long work is run
 * twice, since its results say where it goes on: it is a batch of its own. */
void batch_run(void *session_pointer, struct dm_operation **operations, size_t count)
{
	struct sqlite_session *session = session_pointer;
	size_t left = refuse_late(session, operations, count), size = left;

	while (left > 0) {
		struct dm_error error = {0};
		size_t culprit, done = size;
		enum dm_status status = run_in_transaction(session, operations, size, &culprit, &error);

		clean_up(session, status);
		error.status = status;
		if (status == DM_OK) {
			complete(session, operations, size);
		} else if (culprit == size) {
			lane_fail(session->options, operations, left, &error);
			return;
		} else if (culprit == 0) {
			lane_fail(session->options, operations, 1, &error);
			done = 1;
		} else {
			undo(session, operations, culprit + 1);
			size = culprit;
			continue;
		}
		operations += done;
		left -= done;
		size = left;
	}
}
