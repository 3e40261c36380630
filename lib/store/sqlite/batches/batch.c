/* SPDX-License-Identifier: MIT */
/* batch.c - many writes in one commit. */
#include "batch.h"

#include "all_statements.h"
#include "checkpointer.h"
#include "clock.h"
#include "kinds.h"
#include "lane.h"

/* Whether it is a failure of the store, which fails the whole transaction. Others are of one operation. */
static bool is_of_the_store(enum dm_status status)
{
	return status == DM_BUSY || status == DM_UNAVAILABLE || status == DM_NO_MEMORY || status == DM_SCHEMA ||
	       status == DM_INTERNAL;
}

static enum dm_status run_in_transaction(struct sqlite_session *session, struct dm_operation **operations, size_t count,
					 struct dm_error *error)
{
	enum dm_status status = file_watch_ask(session->file, error);

	if (status == DM_OK)
		status = prepare_all_statements(session, error);
	if (status == DM_OK)
		status = session_step_done(session, session->statements[BEGIN_WRITE], error);
	for (size_t i = 0; i < count && status == DM_OK; i++) {
		operation_run(session, operations[i]);
		if (is_of_the_store(operations[i]->status)) {
			status = operations[i]->status;
			*error = operations[i]->error;
		}
	}
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

void batch_run(void *session_pointer, struct dm_operation **operations, size_t count)
{
	struct sqlite_session *session = session_pointer;
	struct dm_error error = {0};
	enum dm_status status;

	count = refuse_late(session, operations, count);
	if (count == 0)
		return;
	session->recorded = false;
	status = run_in_transaction(session, operations, count, &error);
	if (status == DM_OK && session->recorded)
		session->options->recorded(session->options->recorded_context);
	if (status != DM_OK && !sqlite3_get_autocommit(session->db)) { /* SQLite has not rolled back by itself */
		sqlite3_step(session->statements[ROLLBACK]);
		sqlite3_reset(session->statements[ROLLBACK]);
	}
	if (session->has_met_damage) /* its cache is given up, so that it sees a file that was put back */
		sqlite3_db_release_memory(session->db);
	session->has_met_damage = false;
	checkpointer_save(session->checkpointer);
	error.status = status;
	if (status != DM_OK)
		lane_fail(session->options, operations, count, &error);
	else
		for (size_t i = 0; i < count; i++)
			lane_complete(session->options, operations[i]);
}
