/* SPDX-License-Identifier: MIT */
/* user_table_look.c - what the database says about the user table. */
#include "user_table_look.h"

#include "failure.h"
#include "schema_session.h"

#include <stdlib.h>
#include <string.h>

/* A row where the table exists, or has the column $1. Of a column it says whether that is an integer. */
static const char table[] = "SELECT $1::text IS NULL WHERE to_regclass({'users'}) IS NOT NULL";
static const char columns[] = "SELECT atttypid IN (20, 21, 23) FROM pg_attribute" /* bigint, smallint, integer */
			      " WHERE attrelid = to_regclass({'users'}) AND attnum > 0 AND NOT attisdropped"
			      " AND attname = $1::text";

enum dm_status pg_look_at_user_table(void *context, const char *column, bool *found, bool *integer,
				     struct dm_error *error)
{
	const struct schema_session *schema = context;
	char *sql = user_table_expand(schema->session->postgres->options.users, column ? columns : table);
	struct parameters parameters = {.count = 0};
	PGresult *result = NULL;
	enum dm_status status;

	if (!sql)
		return fail(error, DM_NO_MEMORY, "out of memory");
	if (column)
		pg_add_text(&parameters, (struct dm_text){column, strlen(column)});
	else
		pg_add_limit(&parameters, 0); /* NULL */
	status = session_execute(schema->session, sql, &parameters, schema->deadline, &result, error);
	free(sql);
	*found = status == DM_OK && PQntuples(result) > 0;
	*integer = *found && pg_bool(result, 0, 0);
	PQclear(result);
	return status;
}
