/* SPDX-License-Identifier: MIT */
/* user.c - users, in Django's auth_user or the project's own table. */
#include "nouns.h"

#include "clock.h"
#include "failure.h"
#include "operation_kinds.h"
#include "user_table.h"

#include <string.h>

const struct sqlite_statement_text user_statements[] = {
	{USER_BY_TOKEN,
	 "SELECT " USER_COLUMNS " FROM authtoken_token t CROSS JOIN {users} u ON {u.id} = t.user_id WHERE t.key = ?1"},
	{USER_BY_ID, "SELECT " USER_COLUMNS " FROM {users} u WHERE {u.id} = ?1"},
	{USER_BY_NAME, "SELECT " USER_COLUMNS " FROM {users} u WHERE {u.username} = ?1"},
	{USERS, "SELECT " USER_COLUMNS " FROM {users} u WHERE {u.id} > ?1 ORDER BY {u.id} LIMIT ?2"},
	{0},
};

/* Prepared only when they are needed: a project's own table may lack some of their columns. */
static const struct sqlite_statement_text insert = {
	USER_INSERT,
	"INSERT INTO {users} (password, last_login, is_superuser, {username}, {last_name}, {email}, is_staff,"
	" {is_active}, date_joined, {first_name}) VALUES (?1, NULL, 0, ?2, ?3, ?4, 0, 1, ?5, ?6)"};
static const struct sqlite_statement_text set_active = {
	USER_SET_ACTIVE, "UPDATE {users} AS u SET {is_active} = ?2 WHERE {u.username} = ?1"};

struct dm_user user_from_row(sqlite3_stmt *row)
{
	return (struct dm_user){
		.id = sqlite3_column_int64(row, 0),
		.username = column_text(row, 1),
		.first_name = column_text(row, 2),
		.last_name = column_text(row, 3),
		.email = column_text(row, 4),
		.is_active = sqlite3_column_int(row, 5) != 0,
	};
}

/* Lends the one user that the statement finds. */
static enum dm_status lend_one(struct sqlite_session *session, sqlite3_stmt *statement, struct dm_operation *operation,
			       dm_user_row *on_user, bool must_be_active)
{
	int code = sqlite3_step(statement);
	enum dm_status status = DM_NOT_FOUND;

	if (code == SQLITE_ROW) {
		struct dm_user user = user_from_row(statement);

		status = user.is_active || !must_be_active ? DM_OK : DM_INACTIVE;
		if (status == DM_OK && on_user)
			on_user(operation->context, &user);
	}
	if (session_finish(session, statement, code, &operation->error) != DM_OK)
		return operation->error.status;
	if (status == DM_NOT_FOUND)
		fail(&operation->error, status, "there is no such user");
	if (status == DM_INACTIVE)
		fail(&operation->error, status, "the user is not active");
	return status;
}

/* Binds whom to look for: a name, or an id if the name is NULL. Gives the statement. */
static sqlite3_stmt *bind_user(struct sqlite_session *session, struct dm_text name, int64_t user_id)
{
	sqlite3_stmt *statement = session->statements[name.data ? USER_BY_NAME : USER_BY_ID];

	if (name.data)
		bind_text(statement, 1, name);
	else
		sqlite3_bind_int64(statement, 1, user_id);
	return statement;
}

/* Steps the statement of bind_user. *found_id stays 0 if there is no such user. */
static enum dm_status find_recipient(struct sqlite_session *session, sqlite3_stmt *statement,
				     struct dm_operation *operation, bool *exists, int64_t *found_id)
{
	int code = sqlite3_step(statement);

	*exists = code == SQLITE_ROW;
	if (*exists)
		*found_id = sqlite3_column_int64(statement, 0);
	return session_finish(session, statement, code, &operation->error);
}

enum dm_status user_authenticate(struct sqlite_session *session, struct dm_operation *operation)
{
	struct dm_op_authenticate *arguments = &operation->authenticate;
	sqlite3_stmt *statement = session->statements[USER_BY_TOKEN];
	enum dm_status status;

	operation_clear_results(operation);
	bind_text(statement, 1, arguments->key);
	status = lend_one(session, statement, operation, arguments->on_user, true);
	if (status != DM_OK || !arguments->with_recipient)
		return status;
	return find_recipient(session, bind_user(session, arguments->recipient_name, arguments->recipient_id),
			      operation, &arguments->recipient_exists, &arguments->found_recipient_id);
}

enum dm_status user_active(struct sqlite_session *session, struct dm_operation *operation)
{
	struct dm_op_active_user *arguments = &operation->active_user;
	enum dm_status status;

	operation_clear_results(operation);
	status = lend_one(session, bind_user(session, arguments->username, arguments->user_id), operation,
			  arguments->on_user, true);
	if (status != DM_OK || !arguments->with_recipient)
		return status;
	return find_recipient(session, bind_user(session, arguments->recipient_name, arguments->recipient_id),
			      operation, &arguments->recipient_exists, &arguments->found_recipient_id);
}

enum dm_status user_by_id(struct sqlite_session *session, struct dm_operation *operation)
{
	sqlite3_stmt *statement = session->statements[USER_BY_ID];

	sqlite3_bind_int64(statement, 1, operation->user_by_id.user_id);
	return lend_one(session, statement, operation, operation->user_by_id.on_user, false);
}

enum dm_status user_by_name(struct sqlite_session *session, struct dm_operation *operation)
{
	sqlite3_stmt *statement = session->statements[USER_BY_NAME];

	bind_text(statement, 1, operation->user_by_name.username);
	return lend_one(session, statement, operation, operation->user_by_name.on_user, false);
}

enum dm_status users_list(struct sqlite_session *session, struct dm_operation *operation)
{
	const struct dm_op_users *arguments = &operation->users;
	sqlite3_stmt *statement = session->statements[USERS];
	int code;

	sqlite3_bind_int64(statement, 1, arguments->has_after ? arguments->after : INT64_MIN);
	sqlite3_bind_int64(statement, 2, rows_to_keep(arguments->limit));
	while ((code = sqlite3_step(statement)) == SQLITE_ROW) {
		struct dm_user user = user_from_row(statement);

		if (!operation->users.on_user(operation->context, &user))
			break;
	}
	return session_finish(session, statement, code, &operation->error);
}

static enum dm_status refuse_create(struct dm_operation *operation, const char *why)
{
	return fail(&operation->error, DM_INVALID,
		    "users can't be made in this table (%s); make them with the Django project", why);
}

static enum dm_status prepare_insert(struct sqlite_session *session, struct dm_operation *operation)
{
	int code;

	if (!user_table_is_complete(session->options->users))
		return refuse_create(operation, "it lacks columns of Django's AbstractUser");
	code = session_prepare_statement(session, &insert);
	if (code == SQLITE_ERROR)
		return refuse_create(operation, sqlite3_errmsg(session->db));
	return code == SQLITE_OK ? DM_OK : session_failure(session, code, &operation->error);
}

/* Says which constraint the new user's row violates. */
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

enum dm_status user_create(struct sqlite_session *session, struct dm_operation *operation)
{
	enum dm_status status = prepare_insert(session, operation);
	sqlite3_stmt *statement = session->statements[USER_INSERT];
	struct dm_op_user_create *user = &operation->user_create;
	int code;

	if (status != DM_OK)
		return status;
	bind_text(statement, 1, user->password_hash);
	bind_text(statement, 2, user->username);
	bind_text(statement, 3, user->last_name);
	bind_text(statement, 4, user->email);
	bind_time(statement, 5, clock_now());
	bind_text(statement, 6, user->first_name);
	code = sqlite3_step(statement);
	if ((code & 0xFF) == SQLITE_CONSTRAINT) {
		status = refuse_row(session, operation, code);
		sqlite3_reset(statement);
		return status;
	}
	user->user_id = sqlite3_last_insert_rowid(session->db);
	return session_finish(session, statement, code, &operation->error);
}

enum dm_status user_set_active(struct sqlite_session *session, struct dm_operation *operation)
{
	sqlite3_stmt *statement;
	enum dm_status status;
	int code;

	if (!session->options->users->columns[COLUMN_IS_ACTIVE])
		return fail(&operation->error, DM_INVALID,
			    "the user table has no column that says whether a user is active; use the Django project");
	code = session_prepare_statement(session, &set_active);
	if (code != SQLITE_OK)
		return session_failure(session, code, &operation->error);
	statement = session->statements[USER_SET_ACTIVE];
	bind_text(statement, 1, operation->user_set_active.username);
	sqlite3_bind_int(statement, 2, operation->user_set_active.active);
	status = session_step_done(session, statement, &operation->error);
	if (status == DM_OK && sqlite3_changes(session->db) == 0)
		return fail(&operation->error, DM_NOT_FOUND, "there is no such user");
	return status;
}
