/* SPDX-License-Identifier: MIT */
/* token.c - one token a user, in the authtoken_token of Django REST Framework. */
#include "nouns.h"

#include "clock.h"
#include "failure.h"
#include "random.h"

#include <string.h>

/* Gives the key that is stored afterwards: the new one if there was none, or if $4 asks for it. */
#define CREATE(whose) \
	"INSERT INTO authtoken_token AS t (key, created, user_id)" \
	" SELECT $2::text, $3::timestamptz, {u.id} FROM {users} u WHERE " whose \
	" ON CONFLICT (user_id) DO UPDATE SET key = CASE WHEN $4::boolean THEN excluded.key ELSE t.key END," \
	" created = CASE WHEN $4::boolean THEN excluded.created ELSE t.created END RETURNING key"

const struct pg_statement_text pg_token_statements[] = {
	{TOKEN_CREATE, CREATE("{u.username} = $1::text")},
	{TOKEN_CREATE_BY_ID, CREATE("{u.id} = $1::bigint")},
	{TOKEN_DELETE,
	 "DELETE FROM authtoken_token WHERE user_id = (SELECT {u.id} FROM {users} u WHERE {u.username} = $1::text)"
	 " RETURNING user_id"},
	{TOKEN_DELETE_BY_ID, "DELETE FROM authtoken_token WHERE user_id = $1::bigint RETURNING user_id"},
	{0},
};

/* Whose token it is: a name, or an id if the name is NULL. */
static void add_user(struct parameters *parameters, struct dm_text username, int64_t user_id)
{
	if (username.data)
		pg_add_text(parameters, username);
	else
		pg_add_int(parameters, user_id);
}

enum pg_statement pg_token_create(struct dm_operation *operation, struct parameters *parameters)
{
	if (!random_hex(operation->token_create.key, DM_TOKEN_LENGTH)) {
		operation->status = fail(&operation->error, DM_UNAVAILABLE,
					 "the system has no random numbers to give; try again later");
		return NOTHING_TO_ASK;
	}
	add_user(parameters, operation->token_create.username, operation->token_create.user_id);
	pg_add_text(parameters, (struct dm_text){operation->token_create.key, DM_TOKEN_LENGTH});
	pg_add_time(parameters, clock_now());
	pg_add_bool(parameters, operation->token_create.reset);
	return operation->token_create.username.data ? TOKEN_CREATE : TOKEN_CREATE_BY_ID;
}

enum dm_status pg_read_token(const struct postgres *postgres, struct dm_operation *operation, struct row_set *set)
{
	struct dm_text key;

	(void)postgres;
	memset(operation->token_create.key, 0, sizeof(operation->token_create.key));
	if (PQntuples(set->result) == 0)
		return fail(&operation->error, DM_NOT_FOUND, "there is no such user");
	key = pg_text(set->result, 0, 0);
	if (key.length <= DM_TOKEN_LENGTH)
		memcpy(operation->token_create.key, key.data, key.length);
	return DM_OK;
}

enum pg_statement pg_token_revoke(struct dm_operation *operation, struct parameters *parameters)
{
	add_user(parameters, operation->token_revoke.username, operation->token_revoke.user_id);
	return operation->token_revoke.username.data ? TOKEN_DELETE : TOKEN_DELETE_BY_ID;
}

enum dm_status pg_read_revoked_token(const struct postgres *postgres, struct dm_operation *operation,
				     struct row_set *set)
{
	(void)postgres;
	if (PQntuples(set->result) == 0)
		return fail(&operation->error, DM_NOT_FOUND, "there is no such user, or the user has no token");
	return DM_OK;
}
