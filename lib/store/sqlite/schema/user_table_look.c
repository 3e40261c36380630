/* SPDX-License-Identifier: MIT */
/* user_table_look.c - what the database says about the user table. */
#include "user_table_look.h"

#include "session.h"

#include <stdlib.h>
#include <string.h>

/* A row for each column of the table, or for the column ?1. */
static const char columns[] = "SELECT type FROM pragma_table_info({'table'}, {'schema'})"
			      " WHERE ?1 IS NULL OR name = ?1 COLLATE NOCASE";

enum dm_status look_at_user_table(void *context, const char *column, bool *found, bool *integer, struct dm_error *error)
{
	struct sqlite_session *session = context;
	sqlite3_stmt *statement = NULL;
	char *sql = user_table_expand(session->options->users, columns);
	int code = sql ? sqlite3_prepare_v2(session->db, sql, -1, &statement, NULL) : SQLITE_NOMEM;
	enum dm_status status = DM_OK;

	free(sql);
	if (code != SQLITE_OK)
		return session_failure(session, code, error);
	sqlite3_bind_text(statement, 1, column, -1, SQLITE_STATIC);
	code = sqlite3_step(statement);
	*found = code == SQLITE_ROW;
	*integer = *found && strcasestr((const char *)sqlite3_column_text(statement, 0), "int"); /* SQLite's own rule */
	if (code != SQLITE_ERROR) /* that is: there is no such schema */
		status = session_finish(session, statement, code, error);
	sqlite3_finalize(statement);
	return status;
}
