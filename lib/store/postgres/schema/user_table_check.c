/* SPDX-License-Identifier: MIT */
/* user_table_check.c - is the user table what the settings say it is. */
#include "migrate.h"

#include "failure.h"
#include "user_table.h"

#include <stdlib.h>
#include <string.h>

/* A row where the table exists, or has the column $1; of a column it tells whether it is an integer. */
static const char table[] = "SELECT $1::text IS NULL WHERE to_regclass({'users'}) IS NOT NULL";
static const char columns[] = "SELECT atttypid IN (20, 21, 23) FROM pg_attribute" /* bigint, smallint, integer */
			      " WHERE attrelid = to_regclass({'users'}) AND attnum > 0 AND NOT attisdropped"
			      " AND attname = $1::text";

struct looker {
	struct session *session;
	int64_t deadline;
};

static enum dm_status look(void *context, const char *column, bool *found, bool *integer, struct dm_error *error)
{
	const struct looker *looker = context;
	struct session *session = looker->session;
	char *sql = user_table_expand(session->postgres->options.users, column ? columns : table);
	struct parameters parameters = {.count = 0};
	PGresult *result = NULL;
	enum dm_status status;

	if (!sql)
		return fail(error, DM_NO_MEMORY, "out of memory");
	if (column)
		pg_add_text(&parameters, (struct dm_text){column, strlen(column)});
	else
		pg_add_limit(&parameters, 0); /* NULL */
	status = session_execute(session, sql, &parameters, looker->deadline, &result, error);
	free(sql);
	*found = status == DM_OK && PQntuples(result) > 0;
	*integer = *found && pg_bool(result, 0, 0);
	PQclear(result);
	return status;
}

enum dm_status pg_user_table_check(struct session *session, int64_t deadline, struct dm_error *error)
{
	struct looker looker = {session, deadline};

	return user_table_verify(session->postgres->options.users, look, &looker, error);
}
