/* SPDX-License-Identifier: MIT */
/* progress.c - how far CREATE INDEX CONCURRENTLY is. */
#include "progress.h"

#include "clock.h"
#include "connect.h"
#include "failure_postgres.h"

#include <stdio.h>

/* Until it can be said how far a statement is that has hardly begun. */
#define TRY_AGAIN (PROGRESS_INTERVAL / 10)

static const char question[] =
	"SELECT phase, CASE WHEN lockers_total > 0 THEN lockers_done WHEN tuples_total > 0 THEN tuples_done"
	" ELSE blocks_done END, CASE WHEN lockers_total > 0 THEN lockers_total WHEN tuples_total > 0 THEN tuples_total"
	" ELSE blocks_total END, current_locker_pid"
	" FROM pg_stat_progress_create_index WHERE pid = $1::bigint AND phase IS NOT NULL";

/* Whether that session makes an index, and was told of. */
static bool report_progress(struct pg_session *session, int pid, const char *what, const struct store_watch *watch)
{
	struct parameters parameters = {.count = 0};
	PGresult *result = NULL;
	struct dm_error ignored = {0};
	char line[256];
	bool is_told = false;

	pg_add_int(&parameters, pid);
	if (session_execute(session, question, &parameters, clock_monotonic() + PROGRESS_INTERVAL, &result, &ignored) !=
	    DM_OK)
		return false;
	if (PQntuples(result) > 0) {
		struct dm_text phase = pg_text(result, 0, 0);
		long long done = (long long)pg_int(result, 0, 1), total = (long long)pg_int(result, 0, 2);
		int locker = (int)pg_int(result, 0, 3), length;

		length = snprintf(line, sizeof(line), "%s: %.*s, %lld of %lld", what, (int)phase.length, phase.data,
				  done, total);
		if (locker != 0)
			snprintf(line + length, sizeof(line) - (size_t)length, " (the session of process %d)", locker);
		watch->on_progress(watch->context, line);
		is_told = true;
	}
	PQclear(result);
	return is_told;
}

/* Waits until the statement has ended, and reports its progress. The second connection is made when the first report is
 * due. */
static void watch_until_done(struct pg_session *session, const char *what, const struct store_watch *watch,
			     int64_t *report_at)
{
	struct pg_session second = {.postgres = session->postgres};
	struct dm_error ignored = {0};
	bool has_hardly_begun;

	while (!session_has_result(session, *report_at)) {
		if (!second.connection)
			second.connection = postgres_connect(session->postgres, CONNECTION_SCHEMA, &ignored).connection;
		has_hardly_begun =
			second.connection && !report_progress(&second, PQbackendPID(session->connection), what, watch);
		*report_at = clock_monotonic() + (has_hardly_begun ? TRY_AGAIN : PROGRESS_INTERVAL);
	}
	PQfinish(second.connection);
}

enum dm_status progress_execute(struct pg_session *session, const char *sql, const char *what,
				const struct store_watch *watch, int64_t *report_at, struct dm_error *error)
{
	if (!PQsendQuery(session->connection, sql))
		return postgres_connection_failure(session->connection, error);
	if (watch->on_progress)
		watch_until_done(session, what, watch, report_at);
	return session_finish_execute(session, NO_DEADLINE, NULL, error);
}

void progress_of_another(struct pg_session *session, int pid, const char *what, const struct store_watch *watch)
{
	if (!report_progress(session, pid, what, watch))
		watch->on_progress(watch->context, what);
}
