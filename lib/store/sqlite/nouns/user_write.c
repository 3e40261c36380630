/* SPDX-License-Identifier: MIT */
/* user_write.c - making, changing and deleting users.
 *
 * The statements are prepared only when they are needed: a project's own table may lack some of their columns. */
#include "nouns.h"

#include "clock.h"
#include "erasure_phase.h"
#include "failure.h"
#include "user_table.h"

#include <string.h>

static const struct sqlite_statement_text insert = {
	USER_INSERT,
	"INSERT INTO {users} (password, last_login, is_superuser, {username}, {last_name}, {email}, is_staff,"
	" {is_active}, date_joined, {first_name}) VALUES (?1, NULL, 0, ?2, ?3, ?4, 0, ?7, ?5, ?6)"};
static const struct sqlite_statement_text set_active = {
	USER_SET_ACTIVE, "UPDATE {users} AS u SET {is_active} = ?2 WHERE {u.username} = ?1"};

/* Sets what is given; NULL leaves a column as it is. */
#define CHANGES \
	"UPDATE {users} AS u SET {username} = {u.username}{,email=?2}{,first_name=?3}{,last_name=?4}{,is_active=?5}"
static const struct sqlite_statement_text change_by_name = {USER_CHANGE_BY_NAME, CHANGES " WHERE {u.username} = ?1"};
static const struct sqlite_statement_text change_by_id = {USER_CHANGE_BY_ID, CHANGES " WHERE {u.id} = ?1"};
static const struct sqlite_statement_text delete_user = {USER_DELETE, "DELETE FROM {users} AS u WHERE {u.id} = ?1"};

/* Columns of other tables that refer to users. SQLite checks no foreign keys of ours, but Django does. */
static const struct sqlite_statement_text references = {
	USER_REFERENCES,
	"SELECT m.name, f.\"from\" FROM sqlite_master m JOIN pragma_foreign_key_list(m.name) f"
	" WHERE m.type = 'table' AND lower(f.\"table\") = lower({'table'}) AND m.name <> 'authtoken_token'"};

/* ---- refusals ------------------------------------------------------------------------------------------------ */

static enum dm_status refuse_create(struct dm_operation *operation, const char *why)
{
	return fail(&operation->error, DM_INVALID,
		    "users can't be made in this table (%s); make them with the Django project", why);
}

/* Says which constraint the user's row violates. */
static enum dm_status refuse_row(struct sqlite_session *session, struct dm_operation *operation, int code)
{
	const char *username = session->options->users->columns[COLUMN_USERNAME];
	const char *why = sqlite3_errmsg(session->db);
	const char *column = strrchr(why, '.');

	if (code != SQLITE_CONSTRAINT_UNIQUE)
		return refuse_create(operation, why);
	if (column && strcmp(column + 1, username) == 0)
		return fail(&operation->error, DM_EXISTS, "a user of this name already exists; choose another name");
	return fail(&operation->error, DM_EXISTS, "another user already has this value (%s); choose another", why);
}

/* Runs a statement that may violate a constraint, which is the operation's failure and not the batch's. */
static enum dm_status run_row(struct sqlite_session *session, struct dm_operation *operation, sqlite3_stmt *statement)
{
	int code = sqlite3_step(statement);
	enum dm_status status;

	if ((code & 0xFF) != SQLITE_CONSTRAINT)
		return session_finish(session, statement, code, &operation->error);
	status = refuse_row(session, operation, code);
	sqlite3_reset(statement);
	return status;
}

/* ---- making -------------------------------------------------------------------------------------------------- */

static enum dm_status prepare_insert(struct sqlite_session *session, struct dm_operation *operation)
{
	int code;

	if (!user_table_is_complete(session->options->users))
		return refuse_create(operation, LACKS_COLUMNS);
	code = session_prepare_statement(session, &insert);
	if (code == SQLITE_ERROR)
		return refuse_create(operation, sqlite3_errmsg(session->db));
	return code == SQLITE_OK ? DM_OK : session_failure(session, code, &operation->error);
}

static enum dm_status insert_user(struct sqlite_session *session, struct dm_operation *operation,
				  const struct dm_op_user_create *user, bool is_active)
{
	enum dm_status status = prepare_insert(session, operation);
	sqlite3_stmt *statement = session->statements[USER_INSERT];

	if (status != DM_OK)
		return status;
	bind_text(statement, 1, user->password_hash);
	bind_text(statement, 2, user->username);
	bind_text(statement, 3, user->last_name);
	bind_text(statement, 4, user->email);
	bind_time(statement, 5, clock_now());
	bind_text(statement, 6, user->first_name);
	sqlite3_bind_int(statement, 7, is_active);
	return run_row(session, operation, statement);
}

enum dm_status user_create(struct sqlite_session *session, struct dm_operation *operation)
{
	enum dm_status status = insert_user(session, operation, &operation->user_create, true);

	if (status == DM_OK)
		operation->user_create.user_id = sqlite3_last_insert_rowid(session->db);
	return status;
}

/* ---- changing ------------------------------------------------------------------------------------------------ */

static enum dm_status prepare(struct sqlite_session *session, struct dm_operation *operation,
			      const struct sqlite_statement_text *text)
{
	int code = session_prepare_statement(session, text);

	return code == SQLITE_OK ? DM_OK : session_failure(session, code, &operation->error);
}

enum dm_status user_set_active(struct sqlite_session *session, struct dm_operation *operation)
{
	sqlite3_stmt *statement;
	enum dm_status status;

	if (!session->options->users->columns[COLUMN_IS_ACTIVE])
		return fail(&operation->error, DM_INVALID,
			    "the user table has no column that says whether a user is active; use the Django project");
	status = prepare(session, operation, &set_active);
	if (status != DM_OK)
		return status;
	statement = session->statements[USER_SET_ACTIVE];
	bind_text(statement, 1, operation->user_set_active.username);
	sqlite3_bind_int(statement, 2, operation->user_set_active.active);
	status = session_step_done(session, statement, &operation->error);
	if (status == DM_OK && sqlite3_changes(session->db) == 0)
		return fail(&operation->error, DM_NOT_FOUND, "there is no such user");
	return status;
}

static void bind_change(sqlite3_stmt *statement, int index, struct dm_text text)
{
	if (text.data)
		bind_text(statement, index, text);
	else
		sqlite3_bind_null(statement, index);
}

/* *found: whether there is such a user. */
static enum dm_status change(struct sqlite_session *session, struct dm_operation *operation, bool *found)
{
	const struct dm_op_user_put *user = &operation->user_put;
	const struct sqlite_statement_text *text = user->username.data ? &change_by_name : &change_by_id;
	enum dm_status status = prepare(session, operation, text);
	sqlite3_stmt *statement = session->statements[text->id];

	if (status != DM_OK)
		return status;
	if (user->username.data)
		bind_text(statement, 1, user->username);
	else
		sqlite3_bind_int64(statement, 1, user->user_id);
	bind_change(statement, 2, user->email);
	bind_change(statement, 3, user->first_name);
	bind_change(statement, 4, user->last_name);
	if (user->active == DM_ACTIVE_KEEP)
		sqlite3_bind_null(statement, 5);
	else
		sqlite3_bind_int(statement, 5, user->active == DM_ACTIVE_YES);
	status = run_row(session, operation, statement);
	*found = sqlite3_changes(session->db) > 0;
	return status;
}

static enum dm_status make(struct sqlite_session *session, struct dm_operation *operation)
{
	struct dm_op_user_put *user = &operation->user_put;
	const struct dm_op_user_create new = {.username = user->username,
					      .email = user->email,
					      .first_name = user->first_name,
					      .last_name = user->last_name,
					      .password_hash = dm_text_of(user->internal.password_hash)};
	enum dm_status status = insert_user(session, operation, &new, user->active != DM_ACTIVE_NO);

	user->created = status == DM_OK;
	return status;
}

enum dm_status user_put(struct sqlite_session *session, struct dm_operation *operation)
{
	const struct dm_op_user_put *user = &operation->user_put;
	enum dm_status status = user_table_check_change(session->options->users, user, &operation->error);
	bool found = false;

	operation->user_put.created = false;
	if (status == DM_OK)
		status = change(session, operation, &found);
	if (status == DM_OK && !found && (user->only_change || !user->username.data))
		return fail(&operation->error, DM_NOT_FOUND, "there is no such user");
	if (status == DM_OK && !found)
		status = make(session, operation);
	return status;
}

enum dm_status user_put_lend(struct sqlite_session *session, struct dm_operation *operation)
{
	const struct dm_op_user_put *user = &operation->user_put;

	return user_lend(session, operation, user->username, user->user_id, user->on_user);
}

/* ---- deleting ------------------------------------------------------------------------------------------------ */

/* *found: whether a row of the table has the user in this column. */
static enum dm_status look(struct sqlite_session *session, struct dm_operation *operation, const char *table,
			   const char *column, int64_t user_id, bool *found)
{
	char *sql = sqlite3_mprintf("SELECT 1 FROM \"%w\" WHERE \"%w\" = ?1 LIMIT 1", table, column);
	sqlite3_stmt *statement = NULL;
	enum dm_status status;
	int code = sql ? sqlite3_prepare_v2(session->db, sql, -1, &statement, NULL) : SQLITE_NOMEM;

	sqlite3_free(sql);
	if (code != SQLITE_OK)
		return session_failure(session, code, &operation->error);
	sqlite3_bind_int64(statement, 1, user_id);
	code = sqlite3_step(statement);
	*found = code == SQLITE_ROW;
	status = session_finish(session, statement, code, &operation->error);
	sqlite3_finalize(statement);
	return status;
}

/* Refuses to delete a user to whom a row of another table refers. */
static enum dm_status check_references(struct sqlite_session *session, struct dm_operation *operation, int64_t user_id)
{
	sqlite3_stmt *statement = session->statements[USER_REFERENCES];
	enum dm_status status = DM_OK;
	bool found = false;
	int code;

	while ((code = sqlite3_step(statement)) == SQLITE_ROW && status == DM_OK && !found) {
		const char *table = (const char *)sqlite3_column_text(statement, 0);
		const char *column = (const char *)sqlite3_column_text(statement, 1);

		if (!table || !column)
			break;
		status = look(session, operation, table, column, user_id, &found);
		if (found)
			fail(&operation->error, DM_EXISTS, USER_IS_NEEDED, table);
	}
	if (status == DM_OK && !found)
		return session_finish(session, statement, code, &operation->error);
	sqlite3_reset(statement);
	return operation->error.status;
}

/* Deletes the user's row, if nothing refers to it, and what lets them in. */
static enum dm_status delete_row(struct sqlite_session *session, struct dm_operation *operation, int64_t user_id)
{
	enum dm_status status = check_references(session, operation, user_id);

	if (status == DM_OK)
		status = credentials_erase(session, user_id, &operation->error);
	if (status != DM_OK)
		return status;
	sqlite3_bind_int64(session->statements[USER_DELETE], 1, user_id);
	return session_step_done(session, session->statements[USER_DELETE], &operation->error);
}

static enum dm_status begin_deletion(struct sqlite_session *session, struct dm_operation *operation)
{
	struct dm_op_user_delete *user = &operation->user_delete;
	enum dm_status status = prepare(session, operation, &delete_user);

	if (status == DM_OK)
		status = prepare(session, operation, &references);
	if (status != DM_OK)
		return status;
	status = user_find(session, operation, user->username, user->user_id, &user->internal.user_id);
	if (status == DM_OK)
		status = delete_row(session, operation, user->internal.user_id);
	if (status == DM_OK)
		deletion_go_on(user, false);
	return status;
}

/* The first piece does everything where there is little of it. */
enum dm_status user_delete(struct sqlite_session *session, struct dm_operation *operation)
{
	struct dm_op_user_delete *user = &operation->user_delete;
	enum dm_status status = user->more ? DM_OK : begin_deletion(session, operation);
	bool goes_on = false;

	while (status == DM_OK && user->more && !goes_on) {
		status = rest_erase(session, user->internal.user_id, user->internal.phase, &goes_on, &operation->error);
		if (status == DM_OK)
			deletion_go_on(user, goes_on);
	}
	return status;
}
