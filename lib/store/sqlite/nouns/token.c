/* SPDX-License-Identifier: MIT */
/* token.c - one token a user, in the authtoken_token of Django REST Framework. */
#include "nouns.h"

#include "clock.h"
#include "failure.h"
#include "random.h"

#include <string.h>

const struct sqlite_statement_text token_statements[] = {
	{TOKEN_OF_USER, "SELECT {u.id}, t.key FROM {users} u LEFT JOIN authtoken_token t ON t.user_id = {u.id}"
			" WHERE {u.username} = ?1"},
	{TOKEN_OF_USER_ID, "SELECT {u.id}, t.key FROM {users} u LEFT JOIN authtoken_token t ON t.user_id = {u.id}"
			   " WHERE {u.id} = ?1"},
	/* Replaces the row of that user, since user_id is unique. */
	{TOKEN_REPLACE, "INSERT OR REPLACE INTO authtoken_token (key, created, user_id) VALUES (?1, ?2, ?3)"},
	{TOKEN_DELETE, "DELETE FROM authtoken_token"
		       " WHERE user_id = (SELECT {u.id} FROM {users} u WHERE {u.username} = ?1)"},
	{TOKEN_DELETE_BY_ID, "DELETE FROM authtoken_token WHERE user_id = ?1"},
	{0},
};

/* Binds whose token it is: a name, or an id if the name is NULL. Gives the statement for that. */
static sqlite3_stmt *bind_user(struct sqlite_session *session, enum sqlite_statement by_name, struct dm_text username,
			       enum sqlite_statement by_id, int64_t user_id)
{
	sqlite3_stmt *statement = session->statements[username.data ? by_name : by_id];

	if (username.data)
		bind_text(statement, 1, username);
	else
		sqlite3_bind_int64(statement, 1, user_id);
	return statement;
}

/* The user's id and, where there is one, the token in `key`. */
static enum dm_status find(struct sqlite_session *session, struct dm_operation *operation, int64_t *user_id)
{
	sqlite3_stmt *statement = bind_user(session, TOKEN_OF_USER, operation->token_create.username, TOKEN_OF_USER_ID,
					    operation->token_create.user_id);
	enum dm_status status;
	int code;

	code = sqlite3_step(statement);
	if (code == SQLITE_DONE)
		fail(&operation->error, DM_NOT_FOUND, "there is no such user");
	if (code == SQLITE_ROW) {
		struct dm_text key = column_text(statement, 1);

		*user_id = sqlite3_column_int64(statement, 0);
		if (key.length <= DM_TOKEN_LENGTH)
			memcpy(operation->token_create.key, key.data, key.length);
	}
	status = session_finish(session, statement, code, &operation->error);
	return operation->error.status != DM_OK ? operation->error.status : status;
}

enum dm_status token_create(struct sqlite_session *session, struct dm_operation *operation)
{
	sqlite3_stmt *statement = session->statements[TOKEN_REPLACE];
	enum dm_status status;
	int64_t user_id = 0;

	memset(operation->token_create.key, 0, sizeof(operation->token_create.key));
	status = find(session, operation, &user_id);
	if (status != DM_OK || (operation->token_create.key[0] && !operation->token_create.reset))
		return status;
	if (!random_hex(operation->token_create.key, DM_TOKEN_LENGTH))
		return fail(&operation->error, DM_UNAVAILABLE,
			    "the system has no random numbers to give; try again later");
	bind_text(statement, 1, (struct dm_text){operation->token_create.key, DM_TOKEN_LENGTH});
	bind_time(statement, 2, clock_now());
	sqlite3_bind_int64(statement, 3, user_id);
	return session_step_done(session, statement, &operation->error);
}

enum dm_status token_revoke(struct sqlite_session *session, struct dm_operation *operation)
{
	sqlite3_stmt *statement = bind_user(session, TOKEN_DELETE, operation->token_revoke.username, TOKEN_DELETE_BY_ID,
					    operation->token_revoke.user_id);
	enum dm_status status;

	status = session_step_done(session, statement, &operation->error);
	if (status == DM_OK && sqlite3_changes(session->db) == 0)
		return fail(&operation->error, DM_NOT_FOUND, "there is no such user, or the user has no token");
	return status;
}
