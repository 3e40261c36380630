/* SPDX-License-Identifier: MIT */
/* user_write.c - making, changing and deleting users.
 *
 * The statements are rare: a project's own table may lack some of their columns, which must not fail the others. What a
 * constraint forbids gives no row where that can be: a failure would end the whole batch. */
#include "nouns.h"

#include "clock.h"
#include "erasure_phase.h"
#include "failure.h"
#include "user_table.h"

/* Of INSERT INTO {users}. */
#define NEW_COLUMNS \
	"(password, last_login, is_superuser, {username}, {last_name}, {email}, is_staff, {is_active}, date_joined," \
	" {first_name})"

/* Sets what is given; NULL leaves a column as it is. */
#define CHANGES \
	"SET {username} = {u.username}{,email=$2::text}{,first_name=$3::text}{,last_name=$4::text}{,is_active=$5::boolean}"

/* All parameters have a type, also where the table lacks the columns that they are for. */
#define GIVEN "WITH given AS (SELECT $2::text, $3::text, $4::text, $5::boolean)"

/* Deletes a user whom no message needs, with their token and tickets. Other tables are looked at by the constraints, at
 * the commit. Gives whether there are messages, and the user's id. */
#define DELETE(which) \
	"WITH found AS (SELECT {u.id} AS id FROM {users} u WHERE " which \
	"), used AS (SELECT EXISTS (SELECT 1 FROM directmessages_message m WHERE m.sender_id = found.id) OR" \
	" EXISTS (SELECT 1 FROM directmessages_message m WHERE m.recipient_id = found.id) AS yes, id FROM found)," \
	" tokens AS (DELETE FROM authtoken_token t USING used WHERE t.user_id = used.id AND NOT used.yes RETURNING t.key)," \
	" tickets AS (DELETE FROM directmessages_ticket WHERE key IN (SELECT key FROM tokens))," \
	" user_tickets AS (DELETE FROM directmessages_ticket USING used WHERE NOT used.yes AND " IS_TICKET_OF( \
		"used.id") ")," \
			   " gone AS (DELETE FROM {users} AS u USING used WHERE {u.id} = used.id AND NOT used.yes) SELECT yes, id FROM used"

const struct pg_statement_text pg_user_write_statements[] = {
	{USER_INSERT,
	 "INSERT INTO {users} AS u " NEW_COLUMNS
	 " VALUES ($1::text, NULL, false, $2::text, $3::text, $4::text, false, true, $5::timestamptz, $6::text)"
	 " ON CONFLICT ({username}) DO NOTHING RETURNING {u.id}",
	 .is_rare = true},
	{USER_SET_ACTIVE,
	 "UPDATE {users} AS u SET {is_active} = $2::boolean WHERE {u.username} = $1::text RETURNING {u.id}",
	 .is_rare = true},
	/* First an UPDATE, since an INSERT that meets a row uses up an id. The INSERT meets one where another
	 * transaction has just made the user. The password tells who has: it is random. */
	{USER_PUT,
	 "WITH changed AS (UPDATE {users} AS u " CHANGES " WHERE {u.username} = $1::text RETURNING " USER_COLUMNS
	 ", false), made AS (INSERT INTO {users} AS u " NEW_COLUMNS
	 " SELECT $6::text, NULL, false, $1::text, coalesce($4::text, ''), coalesce($2::text, ''), false,"
	 " coalesce($5::boolean, true), $7::timestamptz, coalesce($3::text, '') WHERE NOT EXISTS (SELECT 1 FROM changed)"
	 " ON CONFLICT ({username}) DO UPDATE " CHANGES " RETURNING " USER_COLUMNS ", u.password = $6::text)"
	 " SELECT * FROM changed UNION ALL SELECT * FROM made",
	 .is_rare = true},
	{USER_CHANGE_BY_NAME,
	 GIVEN " UPDATE {users} AS u " CHANGES " WHERE {u.username} = $1::text RETURNING " USER_COLUMNS,
	 .is_rare = true},
	{USER_CHANGE_BY_ID, GIVEN " UPDATE {users} AS u " CHANGES " WHERE {u.id} = $1::bigint RETURNING " USER_COLUMNS,
	 .is_rare = true},
	{USER_DELETE_BY_NAME, DELETE("{u.username} = $1::text"), .is_rare = true},
	{USER_DELETE_BY_ID, DELETE("{u.id} = $1::bigint"), .is_rare = true},
	{0},
};

/* ---- making -------------------------------------------------------------------------------------------------- */

static void refuse_create(struct dm_operation *operation, const char *why)
{
	operation->error = (struct dm_error){0};
	operation->status = fail(&operation->error, DM_INVALID,
				 "users can't be made in this table (%.120s); make them with the Django project", why);
}

enum pg_statement pg_user_create(struct dm_operation *operation, struct parameters *parameters)
{
	const struct dm_op_user_create *user = &operation->user_create;

	if (!user_table_is_complete(parameters->users)) {
		refuse_create(operation, LACKS_COLUMNS);
		return NOTHING_TO_ASK;
	}
	pg_add_text(parameters, user->password_hash);
	pg_add_text(parameters, user->username);
	pg_add_text(parameters, user->last_name);
	pg_add_text(parameters, user->email);
	pg_add_time(parameters, clock_now());
	pg_add_text(parameters, user->first_name);
	return USER_INSERT;
}

enum dm_status pg_read_created_user(const struct postgres *postgres, struct dm_operation *operation,
				    struct row_set *set)
{
	(void)postgres;
	if (PQntuples(set->result) == 0)
		return fail(&operation->error, DM_EXISTS, "a user of this name already exists; choose another name");
	operation->user_create.user_id = pg_int(set->result, 0, 0);
	return DM_OK;
}

/* ---- changing ------------------------------------------------------------------------------------------------ */

enum pg_statement pg_user_set_active(struct dm_operation *operation, struct parameters *parameters)
{
	if (!parameters->users->columns[COLUMN_IS_ACTIVE]) {
		operation->status =
			fail(&operation->error, DM_INVALID,
			     "the user table has no column that says whether a user is active; use the Django project");
		return NOTHING_TO_ASK;
	}
	pg_add_text(parameters, operation->user_set_active.username);
	pg_add_bool(parameters, operation->user_set_active.active);
	return USER_SET_ACTIVE;
}

enum dm_status pg_read_changed_user(const struct postgres *postgres, struct dm_operation *operation,
				    struct row_set *set)
{
	(void)postgres;
	if (PQntuples(set->result) == 0)
		return fail(&operation->error, DM_NOT_FOUND, "there is no such user");
	return DM_OK;
}

static bool makes_users(const struct dm_op_user_put *user)
{
	return !user->only_change && user->username.data;
}

static void add_change(struct parameters *parameters, struct dm_text text)
{
	if (text.data)
		pg_add_text(parameters, text);
	else
		pg_add_null(parameters);
}

enum pg_statement pg_user_put(struct dm_operation *operation, struct parameters *parameters)
{
	const struct dm_op_user_put *user = &operation->user_put;
	bool may_make = makes_users(user) && user_table_is_complete(parameters->users);

	operation->status = user_table_check_change(parameters->users, user, &operation->error);
	if (operation->status != DM_OK)
		return NOTHING_TO_ASK;
	if (user->username.data)
		pg_add_text(parameters, user->username);
	else
		pg_add_int(parameters, user->user_id);
	add_change(parameters, user->email);
	add_change(parameters, user->first_name);
	add_change(parameters, user->last_name);
	if (user->active == DM_ACTIVE_KEEP)
		pg_add_null(parameters);
	else
		pg_add_bool(parameters, user->active == DM_ACTIVE_YES);
	if (!may_make)
		return user->username.data ? USER_CHANGE_BY_NAME : USER_CHANGE_BY_ID;
	pg_add_text(parameters, dm_text_of(user->internal.password_hash));
	pg_add_time(parameters, clock_now());
	return USER_PUT;
}

enum dm_status pg_read_put_user(const struct postgres *postgres, struct dm_operation *operation, struct row_set *set)
{
	struct dm_op_user_put *user = &operation->user_put;
	struct dm_user row;

	(void)postgres;
	user->created = false;
	if (PQntuples(set->result) == 0 && makes_users(user)) { /* it may be that none can be made */
		refuse_create(operation, LACKS_COLUMNS);
		return operation->status;
	}
	if (PQntuples(set->result) == 0)
		return fail(&operation->error, DM_NOT_FOUND, "there is no such user");
	user->created = PQnfields(set->result) > USER_COLUMNS_COUNT && pg_bool(set->result, 0, USER_COLUMNS_COUNT);
	row = pg_user_from_row(set->result, 0);
	if (user->on_user)
		user->on_user(operation->context, &row);
	return DM_OK;
}

/* ---- deleting ------------------------------------------------------------------------------------------------ */

enum pg_statement pg_user_delete(struct dm_operation *operation, struct parameters *parameters)
{
	const struct dm_op_user_delete *user = &operation->user_delete;

	if (user->more)
		return pg_rest_erase(user->internal.user_id, user->internal.phase, parameters);
	if (!user->username.data) {
		pg_add_int(parameters, user->user_id);
		return USER_DELETE_BY_ID;
	}
	pg_add_text(parameters, user->username);
	return USER_DELETE_BY_NAME;
}

static enum dm_status refuse_delete(struct dm_operation *operation, const char *what)
{
	return fail(&operation->error, DM_EXISTS, USER_IS_NEEDED, what);
}

enum dm_status pg_read_deleted_user(const struct postgres *postgres, struct dm_operation *operation,
				    struct row_set *set)
{
	struct dm_op_user_delete *user = &operation->user_delete;

	(void)postgres;
	if (user->more) {
		deletion_go_on(user, pg_bool(set->result, 0, 1));
		return DM_OK;
	}
	if (PQntuples(set->result) == 0)
		return fail(&operation->error, DM_NOT_FOUND, "there is no such user");
	if (pg_bool(set->result, 0, 0))
		return refuse_delete(operation, "directmessages_message");
	user->internal.user_id = pg_int(set->result, 0, 1);
	deletion_go_on(user, false);
	return DM_OK;
}

/* ---- failures ------------------------------------------------------------------------------------------------ */

void pg_refuse_user(struct dm_operation *operation)
{
	struct dm_error why = operation->error;
	bool is_of_table = why.status == DM_SCHEMA || why.status == DM_INTERNAL;

	if (operation->kind == DM_OP_USER_DELETE && why.status == DM_NOT_FOUND) { /* the commit has found a reference */
		operation->error = (struct dm_error){0};
		operation->status = refuse_delete(operation, "another table");
	} else if (is_of_table && (operation->kind == DM_OP_USER_CREATE ||
				   (operation->kind == DM_OP_USER_PUT && makes_users(&operation->user_put)))) {
		refuse_create(operation, why.message);
	}
}
