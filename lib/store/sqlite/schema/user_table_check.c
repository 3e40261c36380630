/* SPDX-License-Identifier: MIT */
/* user_table_check.c - is the user table what the settings say it is. */
#include "migrate.h"

#include "user_table.h"

#include <stdlib.h>
#include <string.h>

static const char columns[] = "SELECT type FROM pragma_table_info({'table'}, {'schema'})"
			      " WHERE ?1 IS NULL OR name = ?1 COLLATE NOCASE";

struct looker {
	struct session *session;
	sqlite3_stmt *statement;
};

static enum dm_status look(void *context, const char *column, bool *found, bool *integer, struct dm_error *error)
{
	const struct looker *looker = context;
	sqlite3_stmt *statement = looker->statement;
	int code;

	sqlite3_bind_text(statement, 1, column, -1, SQLITE_STATIC);
	code = sqlite3_step(statement);
	*found = code == SQLITE_ROW;
	*integer = *found && strcasestr((const char *)sqlite3_column_text(statement, 0), "int"); /* SQLite's own rule */
	if (code == SQLITE_ERROR) { /* there is no such schema */
		sqlite3_reset(statement);
		return DM_OK;
	}
	return session_finish(looker->session, statement, code, error);
}

enum dm_status user_table_check(struct session *session, struct dm_error *error)
{
	const struct user_table *users = session->options->users;
	char *sql = user_table_expand(users, columns);
	struct looker looker = {session, NULL};
	int code = sql ? sqlite3_prepare_v2(session->db, sql, -1, &looker.statement, NULL) : SQLITE_NOMEM;
	enum dm_status status;

	free(sql);
	if (code != SQLITE_OK)
		return session_failure(session, code, error);
	status = user_table_verify(users, look, &looker, error);
	sqlite3_finalize(looker.statement);
	return status;
}
