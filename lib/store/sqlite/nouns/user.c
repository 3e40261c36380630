/* SPDX-License-Identifier: MIT */
/* user.c - users, in Django's auth_user or the project's own table. */
#include "nouns.h"

#include "failure.h"
#include "operation_kinds.h"
#include "user_table.h"

const struct sqlite_statement_text user_statements[] = {
	{USER_BY_TOKEN,
	 "SELECT " USER_COLUMNS " FROM authtoken_token t CROSS JOIN {users} u ON {u.id} = t.user_id WHERE t.key = ?1"},
	{USER_BY_ID, "SELECT " USER_COLUMNS " FROM {users} u WHERE {u.id} = ?1"},
	{USER_BY_NAME, "SELECT " USER_COLUMNS " FROM {users} u WHERE {u.username} = ?1"},
	{USERS, "SELECT " USER_COLUMNS " FROM {users} u WHERE {u.id} > ?1 ORDER BY {u.id} LIMIT ?2"},
	{0},
};

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

/* Lends the one user that the statement finds, and gives their id. */
static enum dm_status lend_one(struct sqlite_session *session, sqlite3_stmt *statement, struct dm_operation *operation,
			       dm_user_row *on_user, bool calls, int64_t *id)
{
	int code = sqlite3_step(statement);
	enum dm_status status = DM_NOT_FOUND;

	if (code == SQLITE_ROW) {
		struct dm_user user = user_from_row(statement);

		*id = user.id;
		status = !calls || user_may_call(&user) ? DM_OK : DM_INACTIVE;
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

/* Who has the id 0 is no recipient: it means everybody. */
static enum dm_status find_callers_recipient(struct sqlite_session *session, struct dm_text name, int64_t user_id,
					     struct dm_operation *operation, bool *exists, int64_t *found_id)
{
	enum dm_status status = find_recipient(session, bind_user(session, name, user_id), operation, exists, found_id);

	*exists = *exists && *found_id != 0;
	return status;
}

/* Counts what of the user's is unread. */
static enum dm_status count_unread(struct sqlite_session *session, struct dm_operation *operation,
				   enum dm_count_unread which, int64_t user_id, int64_t recipient_id, uint32_t *unread)
{
	sqlite3_stmt *statement = session->statements[which == DM_COUNT_UNREAD ? UNREAD_COUNT : UNREAD_EXISTS];
	int64_t found;
	int code;

	*unread = 0;
	if (which == DM_COUNT_NO_UNREAD)
		return DM_OK;
	sqlite3_bind_int64(statement, 1, user_id);
	if (which == DM_HAS_UNREAD_FROM_RECIPIENT)
		sqlite3_bind_int64(statement, 2, recipient_id);
	code = sqlite3_step(statement);
	found = code == SQLITE_ROW ? sqlite3_column_int64(statement, 0) : 0;
	*unread = found < UINT32_MAX ? (uint32_t)found : UINT32_MAX;
	return session_finish(session, statement, code, &operation->error);
}

enum dm_status user_authenticate(struct sqlite_session *session, struct dm_operation *operation)
{
	struct dm_op_authenticate *arguments = &operation->authenticate;
	sqlite3_stmt *statement = session->statements[USER_BY_TOKEN];
	enum dm_status status;
	int64_t id = 0;

	operation_clear_results(operation);
	bind_text(statement, 1, arguments->key);
	status = lend_one(session, statement, operation, arguments->on_user, true, &id);
	if (status == DM_OK && arguments->with_recipient)
		status = find_callers_recipient(session, arguments->recipient_name, arguments->recipient_id, operation,
						&arguments->recipient_exists, &arguments->found_recipient_id);
	if (status == DM_OK)
		status = count_unread(session, operation, arguments->count_unread, id, arguments->found_recipient_id,
				      &arguments->unread);
	return status;
}

enum dm_status user_active(struct sqlite_session *session, struct dm_operation *operation)
{
	struct dm_op_active_user *arguments = &operation->active_user;
	enum dm_status status;
	int64_t id = 0;

	operation_clear_results(operation);
	status = lend_one(session, bind_user(session, arguments->username, arguments->user_id), operation,
			  arguments->on_user, true, &id);
	if (status == DM_OK && arguments->with_recipient)
		status = find_callers_recipient(session, arguments->recipient_name, arguments->recipient_id, operation,
						&arguments->recipient_exists, &arguments->found_recipient_id);
	if (status == DM_OK)
		status = count_unread(session, operation, arguments->count_unread, id, arguments->found_recipient_id,
				      &arguments->unread);
	return status;
}

enum dm_status user_by_id(struct sqlite_session *session, struct dm_operation *operation)
{
	sqlite3_stmt *statement = session->statements[USER_BY_ID];
	int64_t id;

	sqlite3_bind_int64(statement, 1, operation->user_by_id.user_id);
	return lend_one(session, statement, operation, operation->user_by_id.on_user, false, &id);
}

enum dm_status user_by_name(struct sqlite_session *session, struct dm_operation *operation)
{
	sqlite3_stmt *statement = session->statements[USER_BY_NAME];
	int64_t id;

	bind_text(statement, 1, operation->user_by_name.username);
	return lend_one(session, statement, operation, operation->user_by_name.on_user, false, &id);
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

enum dm_status user_lend(struct sqlite_session *session, struct dm_operation *operation, struct dm_text username,
			 int64_t user_id, dm_user_row *on_user)
{
	int64_t id;

	return lend_one(session, bind_user(session, username, user_id), operation, on_user, false, &id);
}

enum dm_status user_find(struct sqlite_session *session, struct dm_operation *operation, struct dm_text username,
			 int64_t user_id, int64_t *found_id)
{
	bool exists = false;
	enum dm_status status =
		find_recipient(session, bind_user(session, username, user_id), operation, &exists, found_id);

	if (status == DM_OK && !exists)
		return fail(&operation->error, DM_NOT_FOUND, "there is no such user");
	return status;
}
