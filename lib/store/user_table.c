/* SPDX-License-Identifier: MIT */
/* user_table.c - which table holds the users, by which columns, and SQL that names them. */
#include "user_table.h"

#include "buffer.h"
#include "failure.h"

#include <stdlib.h>
#include <string.h>

#define MAX_SQL 65536

#define MAX_NAME 63 /* bytes: PostgreSQL cuts a longer name, and would find another table */

static const char *const defaults[USER_COLUMN_COUNT] = {
	[COLUMN_ID] = "id",
	[COLUMN_USERNAME] = "username",
	[COLUMN_FIRST_NAME] = "first_name",
	[COLUMN_LAST_NAME] = "last_name",
	[COLUMN_EMAIL] = "email",
	[COLUMN_IS_ACTIVE] = "is_active",
};

/* Copies the first `length` bytes. The name will stand between quotes, so it may hold none. */
static enum dm_status copy_name(const char *name, size_t length, char **copy, struct dm_error *error)
{
	if (length == 0)
		return fail(error, DM_INVALID, "a name of the user table is empty; give it, or leave it out");
	if (length > MAX_NAME)
		return fail(error, DM_INVALID, "the user table's name %.*s... is too long; names have at most %d bytes",
			    MAX_NAME, name, MAX_NAME);
	for (size_t i = 0; i < length; i++)
		if (name[i] == '"' || name[i] == '\'')
			return fail(error, DM_INVALID,
				    "the user table's name %.100s holds a quote; rename it: quotes are not supported",
				    name);
	*copy = strndup(name, length);
	return *copy ? DM_OK : fail(error, DM_NO_MEMORY, "out of memory");
}

static enum dm_status copy_table(struct user_table *users, const char *name, struct dm_error *error)
{
	const char *dot = strchr(name, '.');
	enum dm_status status;

	if (!dot)
		return copy_name(name, strlen(name), &users->table, error);
	if (strchr(dot + 1, '.'))
		return fail(error, DM_INVALID, "the user table is '%.100s'; give 'table' or 'schema.table'", name);
	status = copy_name(name, (size_t)(dot - name), &users->schema, error);
	return status == DM_OK ? copy_name(dot + 1, strlen(dot + 1), &users->table, error) : status;
}

enum dm_status user_table_init(struct user_table *users, const struct dm_user_table *names, struct dm_error *error)
{
	const char *given[USER_COLUMN_COUNT] = {
		[COLUMN_ID] = names->id,
		[COLUMN_USERNAME] = names->username,
		[COLUMN_FIRST_NAME] = names->first_name,
		[COLUMN_LAST_NAME] = names->last_name,
		[COLUMN_EMAIL] = names->email,
		[COLUMN_IS_ACTIVE] = names->is_active,
	};
	enum dm_status status;

	*users = (struct user_table){0};
	status = copy_table(users, names->table ? names->table : "auth_user", error);
	for (size_t i = 0; i < USER_COLUMN_COUNT && status == DM_OK; i++) {
		const char *name = given[i] ? given[i] : defaults[i];

		if (strcmp(name, "-") != 0)
			status = copy_name(name, strlen(name), &users->columns[i], error);
		else if (i == COLUMN_ID || i == COLUMN_USERNAME)
			status = fail(error, DM_INVALID, "the user table needs a column for %s; name it", defaults[i]);
	}
	return status;
}

void user_table_release(struct user_table *users)
{
	free(users->schema);
	free(users->table);
	for (size_t i = 0; i < USER_COLUMN_COUNT; i++)
		free(users->columns[i]);
}

bool user_table_is_own(const struct user_table *users)
{
	return !users->schema && strcmp(users->table, "auth_user") == 0;
}

/* A column of its own: none of those before it. */
static bool can_set(const struct user_table *users, enum user_column column)
{
	for (size_t i = 0; users->columns[column] && i < column; i++)
		if (users->columns[i] && strcmp(users->columns[column], users->columns[i]) == 0)
			return false;
	return users->columns[column] != NULL;
}

enum dm_status user_table_check_change(const struct user_table *users, const struct dm_op_user_put *change,
				       struct dm_error *error)
{
	const bool given[USER_COLUMN_COUNT] = {
		[COLUMN_FIRST_NAME] = change->first_name.data != NULL,
		[COLUMN_LAST_NAME] = change->last_name.data != NULL,
		[COLUMN_EMAIL] = change->email.data != NULL,
		[COLUMN_IS_ACTIVE] = change->active != DM_ACTIVE_KEEP,
	};

	for (enum user_column column = COLUMN_ID; column < USER_COLUMN_COUNT; column++)
		if (given[column] && !can_set(users, column))
			return fail(
				error, DM_INVALID,
				"the user table has no column of its own for %s; leave that out, or change it with the "
				"Django project",
				defaults[column]);
	return DM_OK;
}

bool user_table_is_complete(const struct user_table *users)
{
	for (enum user_column column = COLUMN_ID; column < USER_COLUMN_COUNT; column++)
		if (!can_set(users, column))
			return false;
	return true;
}

static enum dm_status check_columns(const struct user_table *users, user_table_look *look, void *context,
				    struct dm_error *error)
{
	for (size_t i = 0; i < USER_COLUMN_COUNT; i++) {
		bool found = true, integer = true;
		enum dm_status status = DM_OK;

		if (users->columns[i])
			status = look(context, users->columns[i], &found, &integer, error);
		if (status != DM_OK)
			return status;
		if (!found)
			return fail(error, DM_SCHEMA,
				    "the user table %s has no column %s; name the right one, or run the Django "
				    "project's own 'manage.py migrate' first",
				    users->table, users->columns[i]);
		if (i == COLUMN_ID && !integer)
			return fail(error, DM_SCHEMA,
				    "the user table's key %s.%s is not an integer; other keys are not supported",
				    users->table, users->columns[i]);
	}
	return DM_OK;
}

enum dm_status user_table_verify(const struct user_table *users, user_table_look *look, void *context,
				 struct dm_error *error)
{
	bool found = false, integer;
	enum dm_status status = look(context, NULL, &found, &integer, error);

	if (status == DM_OK && found)
		return check_columns(users, look, context, error);
	if (status == DM_OK && !user_table_is_own(users))
		return fail(error, DM_SCHEMA,
			    "there is no user table %s%s%s; run the Django project's own 'manage.py migrate' first",
			    users->schema ? users->schema : "", users->schema ? "." : "", users->table);
	return status;
}

static bool find_column(struct span name, size_t *column)
{
	for (*column = 0; *column < USER_COLUMN_COUNT; ++*column)
		if (span_equal(name, span_from(defaults[*column])))
			return true;
	return false;
}

static void append_quoted(struct buffer *sql, char quote, const char *name)
{
	buffer_append_char(sql, quote);
	buffer_append_span(sql, span_from(name));
	buffer_append_char(sql, quote);
}

static void append_users(const struct user_table *users, struct buffer *sql)
{
	if (users->schema) {
		append_quoted(sql, '"', users->schema);
		buffer_append_char(sql, '.');
	}
	append_quoted(sql, '"', users->table);
}

/* Appends what {'name'} stands for. False: it is not one of the names. */
static bool append_literal(const struct user_table *users, struct span name, struct buffer *sql)
{
	const char *text = users->table;
	size_t column;

	if (span_equal(name, SPAN("users"))) {
		buffer_append_char(sql, '\'');
		append_users(users, sql);
		buffer_append_char(sql, '\'');
		return true;
	}
	if (span_equal(name, SPAN("schema")))
		text = users->schema;
	else if (find_column(name, &column))
		text = users->columns[column];
	else if (!span_equal(name, SPAN("table")))
		return false;
	if (text)
		append_quoted(sql, '\'', text);
	else
		BUFFER_APPEND_LITERAL(sql, "NULL");
	return true;
}

/* Appends what {column} or {alias.column} stands for. False: there is no such column. */
static bool append_column(const struct user_table *users, struct span name, struct buffer *sql)
{
	struct span rest = name;
	struct span alias = span_cut(&rest, '.');
	size_t column;

	if (!find_column(rest.data ? rest : name, &column))
		return false;
	if (!users->columns[column]) {
		buffer_append_span(sql, column == COLUMN_IS_ACTIVE ? SPAN("true") : SPAN("''"));
		return true;
	}
	if (rest.data) {
		buffer_append_span(sql, alias);
		buffer_append_char(sql, '.');
	}
	append_quoted(sql, '"', users->columns[column]);
	return true;
}

/* Appends what {,column=VALUE} stands for. False: there is no such column. */
static bool append_assignment(const struct user_table *users, struct span text, struct buffer *sql)
{
	struct span value = text;
	struct span name = span_cut(&value, '=');
	size_t column;

	if (!value.data || !find_column(name, &column))
		return false;
	if (!can_set(users, (enum user_column)column))
		return true;
	BUFFER_APPEND_LITERAL(sql, ", ");
	append_quoted(sql, '"', users->columns[column]);
	BUFFER_APPEND_LITERAL(sql, " = coalesce(");
	buffer_append_span(sql, value);
	BUFFER_APPEND_LITERAL(sql, ", u.");
	append_quoted(sql, '"', users->columns[column]);
	buffer_append_char(sql, ')');
	return true;
}

/* Appends `"column" = ` with a comma in front, unless the table has no such column, or one that was set before. */
static bool append_set(const struct user_table *users, enum user_column column, struct buffer *sql)
{
	static const enum user_column before[] = {COLUMN_USERNAME, COLUMN_EMAIL, COLUMN_FIRST_NAME, COLUMN_LAST_NAME};
	const char *name = users->columns[column];

	for (size_t i = 0; name && i < ARRAY_LENGTH(before) && before[i] != column; i++)
		if (users->columns[before[i]] && strcmp(users->columns[before[i]], name) == 0)
			return false;
	if (!name)
		return false;
	if (column != COLUMN_USERNAME)
		BUFFER_APPEND_LITERAL(sql, ", ");
	append_quoted(sql, '"', name);
	BUFFER_APPEND_LITERAL(sql, " = ");
	return true;
}

/* No two users of a project's own table may have the same address, perhaps. Of other columns we know only auth_user's.
 */
static void append_erased(const struct user_table *users, struct buffer *sql)
{
	struct span name = SPAN("'erased-' || u.");

	if (append_set(users, COLUMN_USERNAME, sql)) {
		buffer_append_span(sql, name);
		append_quoted(sql, '"', users->columns[COLUMN_ID]);
	}
	if (append_set(users, COLUMN_EMAIL, sql)) {
		if (user_table_is_own(users)) {
			BUFFER_APPEND_LITERAL(sql, "''");
		} else {
			buffer_append_span(sql, name);
			append_quoted(sql, '"', users->columns[COLUMN_ID]);
		}
	}
	if (append_set(users, COLUMN_FIRST_NAME, sql))
		BUFFER_APPEND_LITERAL(sql, "''");
	if (append_set(users, COLUMN_LAST_NAME, sql))
		BUFFER_APPEND_LITERAL(sql, "''");
	if (append_set(users, COLUMN_IS_ACTIVE, sql))
		BUFFER_APPEND_LITERAL(sql, "false");
	if (user_table_is_own(users))
		BUFFER_APPEND_LITERAL(sql, ", password = '!erased', last_login = NULL, is_staff = false,"
					   " is_superuser = false");
}

/* A SET needs something; so where there is no column, the name stays. */
static void append_closed(const struct user_table *users, struct buffer *sql)
{
	enum user_column column = users->columns[COLUMN_IS_ACTIVE] ? COLUMN_IS_ACTIVE : COLUMN_USERNAME;

	append_quoted(sql, '"', users->columns[column]);
	BUFFER_APPEND_LITERAL(sql, " = ");
	if (column == COLUMN_IS_ACTIVE)
		BUFFER_APPEND_LITERAL(sql, "false");
	else
		append_quoted(sql, '"', users->columns[column]);
}

/* Appends what {name} stands for. False: these braces are not a placeholder. */
static bool append_placeholder(const struct user_table *users, struct span name, struct buffer *sql)
{
	if (span_equal(name, SPAN("users"))) {
		append_users(users, sql);
		return true;
	}
	if (span_equal(name, SPAN("erase"))) {
		append_erased(users, sql);
		return true;
	}
	if (span_equal(name, SPAN("close"))) {
		append_closed(users, sql);
		return true;
	}
	if (name.length > 1 && *name.data == ',')
		return append_assignment(users, (struct span){name.data + 1, name.length - 1}, sql);
	if (name.length > 2 && name.data[0] == '\'' && name.data[name.length - 1] == '\'')
		return append_literal(users, (struct span){name.data + 1, name.length - 2}, sql);
	return append_column(users, name, sql);
}

char *user_table_expand(const struct user_table *users, const char *text)
{
	struct buffer sql;

	buffer_init(&sql, MAX_SQL);
	while (*text) {
		const char *end = *text == '{' ? strchr(text, '}') : NULL;

		if (end && append_placeholder(users, (struct span){text + 1, (size_t)(end - text) - 1}, &sql))
			text = end + 1;
		else
			buffer_append_char(&sql, *text++);
	}
	buffer_append_char(&sql, '\0');
	if (sql.failed)
		buffer_release(&sql);
	return buffer_take(&sql);
}
