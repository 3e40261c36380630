/* SPDX-License-Identifier: MIT */
/* migrate.c - brings the schema up to date, step by step. */
#include "migrate.h"

#include "clock.h"
#include "migrations.h"
#include "user_table_look.h"

static enum dm_status ask(void *context, const char *sql, int64_t *value, struct dm_error *error)
{
	struct sqlite_session *session = context;
	sqlite3_stmt *statement = NULL;
	int code = sqlite3_prepare_v2(session->db, sql, -1, &statement, NULL);
	enum dm_status status;

	if (code != SQLITE_OK)
		return session_failure(session, code, error);
	code = sqlite3_step(statement);
	*value = code == SQLITE_ROW ? sqlite3_column_int64(statement, 0) : 0;
	status = session_finish(session, statement, code, error);
	sqlite3_finalize(statement);
	return status;
}

static enum dm_status execute(struct sqlite_session *session, const char *sql, struct dm_error *error)
{
	int code = sqlite3_exec(session->db, sql, NULL, NULL, NULL);

	return code == SQLITE_OK ? DM_OK : session_failure(session, code, error);
}

static enum dm_status put_on_record(struct sqlite_session *session, const struct migration *step,
				    struct dm_error *error)
{
	static const char sql[] =
		"INSERT OR REPLACE INTO " MIGRATION_RECORD " (number, name, applied) VALUES (?1, ?2, ?3)";
	sqlite3_stmt *statement;
	enum dm_status status =
		execute(session,
			"CREATE TABLE IF NOT EXISTS " MIGRATION_RECORD
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

static enum dm_status change_tables(const struct migration_target *target, const struct migration *step,
				    struct dm_error *error)
{
	bool satisfied = false;
	enum dm_status status = migration_is_satisfied(target, step, &satisfied, error);

	if (status == DM_OK && !satisfied)
		status = execute(target->context, step->sql, error);
	return status == DM_OK ? put_on_record(target->context, step, error) : status;
}

/* Commits what went well, and takes back what did not. */
static enum dm_status end_transaction(struct sqlite_session *session, enum dm_status status, struct dm_error *error)
{
	if (status == DM_OK)
		status = execute(session, "COMMIT", error);
	if (status != DM_OK && !sqlite3_get_autocommit(session->db))
		sqlite3_exec(session->db, "ROLLBACK", NULL, NULL, NULL);
	return status;
}

static enum dm_status run_piece(void *context, const char *sql, struct dm_error *error)
{
	struct sqlite_session *session = context;
	enum dm_status status = execute(session, "BEGIN IMMEDIATE", error);

	if (status == DM_OK)
		status = execute(session, sql, error);
	return end_transaction(session, status, error);
}

static enum dm_status begin_pieces(const struct migration_target *target, const struct migration *step, bool *due,
				   struct dm_error *error)
{
	struct sqlite_session *session = target->context;
	enum dm_status status = execute(session, "BEGIN IMMEDIATE", error);

	if (status == DM_OK)
		status = migration_is_due(target, step, due, error);
	if (status == DM_OK && *due && step->begin)
		status = execute(session, step->begin, error);
	return end_transaction(session, status, error);
}

static enum dm_status do_pieces(const struct migration_target *target, const struct migration *step,
				const struct store_watch *watch, struct dm_error *error)
{
	bool due = false, is_still_due = true;
	enum dm_status status = begin_pieces(target, step, &due, error);

	if (status != DM_OK || !due)
		return status;
	status = migration_do_pieces(target, step, run_piece, watch, error);
	/* Another process may have ended the step between two pieces; what they need is gone then. */
	if (status != DM_OK && migration_is_due(target, step, &is_still_due, &(struct dm_error){0}) == DM_OK &&
	    !is_still_due)
		status = DM_OK;
	return status;
}

/* The lock is taken before the step is looked at again: of two processes one applies it and the other sees it. */
static enum dm_status apply(const struct migration_target *target, const struct migration *step, bool *applied,
			    const struct store_watch *watch, struct dm_error *error)
{
	struct sqlite_session *session = target->context;
	enum dm_status status = DM_OK;

	if (step->piece)
		status = do_pieces(target, step, watch, error);
	if (status == DM_OK)
		status = execute(session, "BEGIN IMMEDIATE", error);
	if (status != DM_OK)
		return status;
	status = migration_is_due(target, step, applied, error);
	if (status == DM_OK && *applied)
		status = change_tables(target, step, error);
	return end_transaction(session, status, error);
}

static struct migration_target target_of(struct sqlite_session *session)
{
	return (struct migration_target){
		.context = session,
		.users = session->options->users,
		.steps = migrations,
		.steps_count = migrations_count,
		.has_record = "SELECT count(*) FROM sqlite_master WHERE name = '" MIGRATION_RECORD "'",
		.ask = ask,
		.look = look_at_user_table,
		.apply = apply,
	};
}

enum dm_status schema_check(struct sqlite_session *session, struct dm_error *error)
{
	const struct migration_target target = target_of(session);

	return migration_check(&target, error);
}

enum dm_status schema_migrate(struct sqlite_session *session, const struct store_watch *watch, struct dm_error *error)
{
	const struct migration_target target = target_of(session);

	return migration_run(&target, watch, error);
}

enum dm_status schema_still_fits(struct sqlite_session *session, struct dm_operation *operation)
{
	return schema_check(session, &operation->error);
}
