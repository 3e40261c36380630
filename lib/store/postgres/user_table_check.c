/* SPDX-License-Identifier: MIT */
/* user_table_check.c - is the user table what the settings say it is. */
#include "migrate.h"

#include "user_table.h"

#include <stdlib.h>
#include <string.h>

/* A row where the table exists, or has the column $1; of a column it tells whether it is an integer. */
static const char table[] = "SELECT $1::text IS NULL WHERE to_regclass({'users'}) IS NOT NULL";
static const char columns[] = "SELECT atttypid IN (20, 21, 23) FROM pg_attribute" /* bigint, smallint, integer */
			      " WHERE attrelid = to_regclass({'users'}) AND attnum > 0 AND NOT attisdropped"
			      " AND attname = $1::text";

static enum dm_status look(struct session *session, const char *text, const char *column, int64_t deadline, bool *found,
			   bool *integer, struct dm_error *error)
{
	char *sql = user_table_expand(session->postgres->options.users, text);
	struct parameters parameters = {.count = 0};
	PGresult *result = NULL;
	enum dm_status status;

	if (!sql)
		return fail(error, DM_NO_MEMORY, "out of memory");
	if (column)
		pg_add_text(&parameters, (struct dm_text){column, strlen(column)});
	else
		pg_add_limit(&parameters, 0); /* NULL */
	status = session_execute(session, sql, &parameters, deadline, &result, error);
	free(sql);
	*found = status == DM_OK && PQntuples(result) > 0;
	*integer = *found && pg_bool(result, 0, 0);
	PQclear(result);
	return status;
}

static enum dm_status check_columns(struct session *session, int64_t deadline, struct dm_error *error)
{
	const struct user_table *users = session->postgres->options.users;

	for (size_t i = 0; i < USER_COLUMN_COUNT; i++) {
		bool found = true, integer = true;
		enum dm_status status = DM_OK;

		if (users->columns[i])
			status = look(session, columns, users->columns[i], deadline, &found, &integer, error);
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

enum dm_status pg_user_table_check(struct session *session, int64_t deadline, struct dm_error *error)
{
	const struct user_table *users = session->postgres->options.users;
	bool found = false, integer;
	enum dm_status status = look(session, table, NULL, deadline, &found, &integer, error);

	if (status == DM_OK && found)
		return check_columns(session, deadline, error);
	if (status == DM_OK && !user_table_is_own(users))
		return fail(error, DM_SCHEMA,
			    "there is no user table %s%s%s; run the Django project's own 'manage.py migrate' first",
			    users->schema ? users->schema : "", users->schema ? "." : "", users->table);
	return status;
}
