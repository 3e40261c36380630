/* SPDX-License-Identifier: MIT */
/* user_table_check.c - is the user table what the settings say it is. */
#include "migrate.h"

#include "user_table.h"

#include <stdlib.h>
#include <string.h>

static const char columns[] = "SELECT type FROM pragma_table_info({'table'}, {'schema'})"
			      " WHERE ?1 IS NULL OR name = ?1 COLLATE NOCASE";

/* Whether the table has the column (NULL: any), and whether it holds integers. */
static enum dm_status look(struct session *session, sqlite3_stmt *statement, const char *column, bool *found,
			   bool *integer, struct dm_error *error)
{
	int code;

	sqlite3_bind_text(statement, 1, column, -1, SQLITE_STATIC);
	code = sqlite3_step(statement);
	*found = code == SQLITE_ROW;
	*integer = *found && strcasestr((const char *)sqlite3_column_text(statement, 0), "int"); /* SQLite's own rule */
	if (code == SQLITE_ERROR) { /* there is no such schema */
		sqlite3_reset(statement);
		return DM_OK;
	}
	return session_finish(session, statement, code, error);
}

static enum dm_status check_columns(struct session *session, sqlite3_stmt *statement, struct dm_error *error)
{
	const struct user_table *users = session->options->users;

	for (size_t i = 0; i < USER_COLUMN_COUNT; i++) {
		bool found = true, integer = true;
		enum dm_status status = DM_OK;

		if (users->columns[i])
			status = look(session, statement, users->columns[i], &found, &integer, error);
		if (status != DM_OK)
			return status;
		if (!found)
			return fail(error, DM_SCHEMA,
				    "the user table %s has no column %s; name the right one, or run the Django "
				    "project's own 'manage.py migrate' first",
				    users->table, users->columns[i]);
		if (i == COLUMN_ID && !integer)
			return fail(error, DM_SCHEMA,
				    "the user table's key %s.%s is no integer; other keys are not supported",
				    users->table, users->columns[i]);
	}
	return DM_OK;
}

enum dm_status user_table_check(struct session *session, struct dm_error *error)
{
	const struct user_table *users = session->options->users;
	char *sql = user_table_expand(users, columns);
	sqlite3_stmt *statement = NULL;
	int code = sql ? sqlite3_prepare_v2(session->db, sql, -1, &statement, NULL) : SQLITE_NOMEM;
	bool found = false, integer;
	enum dm_status status;

	free(sql);
	if (code != SQLITE_OK)
		return session_failure(session, code, error);
	status = look(session, statement, NULL, &found, &integer, error);
	if (status == DM_OK && found)
		status = check_columns(session, statement, error);
	else if (status == DM_OK && !user_table_is_own(users))
		status = fail(error, DM_SCHEMA,
			      "there is no user table %s%s%s; run the Django project's own 'manage.py migrate' first",
			      users->schema ? users->schema : "", users->schema ? "." : "", users->table);
	sqlite3_finalize(statement);
	return status;
}
