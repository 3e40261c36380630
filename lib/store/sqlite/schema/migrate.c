/* SPDX-License-Identifier: MIT */
/* migrate.c - brings the schema up to date, step by step. */
#include "migrate.h"

#include "clock.h"
#include "failure.h"
#include "user_table.h"

#include <stdlib.h>

#define TABLE "directmessages_schema"

/* The SELECT's one integer; 0 where it gives no row. */
static enum dm_status ask(struct session *session, const char *text, int64_t *answer, struct dm_error *error)
{
	char *sql = user_table_expand(session->options->users, text);
	sqlite3_stmt *statement = NULL;
	int code = sql ? sqlite3_prepare_v2(session->db, sql, -1, &statement, NULL) : SQLITE_NOMEM;
	enum dm_status status;

	free(sql);
	if (code != SQLITE_OK)
		return session_failure(session, code, error);
	code = sqlite3_step(statement);
	*answer = code == SQLITE_ROW ? sqlite3_column_int64(statement, 0) : 0;
	status = session_finish(session, statement, code, error);
	sqlite3_finalize(statement);
	return status;
}

static enum dm_status execute(struct session *session, const char *sql, struct dm_error *error)
{
	int code = sqlite3_exec(session->db, sql, NULL, NULL, NULL);

	return code == SQLITE_OK ? DM_OK : session_failure(session, code, error);
}

/* The number of the last step on record, 0 where there is no record. */
static enum dm_status recorded(struct session *session, int64_t *number, struct dm_error *error)
{
	int64_t exists = 0;
	enum dm_status status =
		ask(session, "SELECT count(*) FROM sqlite_master WHERE name = '" TABLE "'", &exists, error);

	*number = 0;
	if (status != DM_OK || !exists)
		return status;
	return ask(session, "SELECT max(number) FROM " TABLE, number, error);
}

static enum dm_status refuse_newer(struct session *session, int64_t *number, struct dm_error *error)
{
	enum dm_status status = recorded(session, number, error);

	if (status == DM_OK && *number > migrations[migrations_count - 1].number)
		return fail(error, DM_SCHEMA, "the database was made by a newer version; use that version's program");
	return status;
}

static enum dm_status record(struct session *session, const struct migration *step, struct dm_error *error)
{
	static const char sql[] = "INSERT OR REPLACE INTO " TABLE " (number, name, applied) VALUES (?1, ?2, ?3)";
	sqlite3_stmt *statement;
	enum dm_status status =
		execute(session,
			"CREATE TABLE IF NOT EXISTS " TABLE
			" (number integer NOT NULL PRIMARY KEY, name text NOT NULL, applied datetime NOT NULL)",
			error);
	int code;

	if (status != DM_OK)
		return status;
	code = sqlite3_prepare_v2(session->db, sql, -1, &statement, NULL);
	if (code != SQLITE_OK)
		return session_failure(session, code, error);
	sqlite3_bind_int(statement, 1, step->number);
	sqlite3_bind_text(statement, 2, step->name, -1, SQLITE_STATIC);
	bind_time(statement, 3, clock_now());
	status = session_step_done(session, statement, error);
	sqlite3_finalize(statement);
	return status;
}

/* Whether there is something to do for the step; fails where it can't be done on this database. */
static enum dm_status is_satisfied(struct session *session, const struct migration *step, int64_t *satisfied,
				   struct dm_error *error)
{
	int64_t possible = 1;
	enum dm_status status = ask(session, step->satisfied, satisfied, error);

	if (status == DM_OK && !*satisfied && step->possible)
		status = ask(session, step->possible, &possible, error);
	return status == DM_OK && !possible ? fail(error, DM_SCHEMA, "%s", step->refusal) : status;
}

static enum dm_status apply(struct session *session, const struct migration *step, struct dm_error *error)
{
	int64_t satisfied = 0;
	enum dm_status status = is_satisfied(session, step, &satisfied, error);

	if (status == DM_OK && !satisfied)
		status = execute(session, step->sql, error);
	return status == DM_OK ? record(session, step, error) : status;
}

static enum dm_status is_due(struct session *session, const struct migration *step, bool *due, struct dm_error *error)
{
	int64_t number = 0, satisfied = 0;
	enum dm_status status = refuse_newer(session, &number, error);

	if (status == DM_OK)
		status = ask(session, step->satisfied, &satisfied, error);
	*due = number < step->number || !satisfied;
	return status;
}

static enum dm_status tell_due(struct session *session, const struct migration *step, struct dm_error *error)
{
	int64_t satisfied;
	enum dm_status status = is_satisfied(session, step, &satisfied, error);

	if (status != DM_OK)
		return status;
	return fail(error, DM_SCHEMA, "the schema is not up to date: step %d, %s, is due; run 'directmessages migrate'",
		    step->number, step->name);
}

enum dm_status schema_check(struct session *session, struct dm_error *error)
{
	enum dm_status status = user_table_check(session, error);

	if (status != DM_OK)
		return status;
	for (size_t i = 0; i < migrations_count; i++) {
		bool due;

		status = is_due(session, &migrations[i], &due, error);
		if (status == DM_OK && due)
			status = tell_due(session, &migrations[i], error);
		if (status != DM_OK)
			return status;
	}
	return DM_OK;
}

enum dm_status schema_still_fits(struct session *session, struct dm_operation *operation)
{
	return schema_check(session, &operation->error);
}

/* The lock is taken before the step is looked at again, so that of two processes one does it and the other sees it. */
static enum dm_status apply_locked(struct session *session, const struct migration *step, bool *applied,
				   struct dm_error *error)
{
	enum dm_status status = execute(session, "BEGIN IMMEDIATE", error);

	if (status != DM_OK)
		return status;
	status = is_due(session, step, applied, error);
	if (status == DM_OK && *applied)
		status = apply(session, step, error);
	if (status == DM_OK)
		status = execute(session, "COMMIT", error);
	if (status != DM_OK && !sqlite3_get_autocommit(session->db))
		sqlite3_exec(session->db, "ROLLBACK", NULL, NULL, NULL);
	return status;
}

enum dm_status schema_migrate(struct session *session, store_on_step *on_step, void *context, struct dm_error *error)
{
	enum dm_status status = user_table_check(session, error);

	if (status != DM_OK)
		return status;
	for (size_t i = 0; i < migrations_count; i++) {
		const struct migration *step = &migrations[i];
		bool due;

		status = is_due(session, step, &due, error);
		if (status == DM_OK && due)
			status = apply_locked(session, step, &due, error);
		if (status != DM_OK)
			return status;
		if (due && on_step)
			on_step(context, step->number, step->name);
	}
	return DM_OK;
}
