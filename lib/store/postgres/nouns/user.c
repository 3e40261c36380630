/* SPDX-License-Identifier: MIT */
/* user.c - users, in Django's auth_user or the project's own table. */
#include "nouns.h"

#include "failure.h"
#include "user_table.h"

/* The seventh column of who is calling: the recipient's id, or NULL. */
#define RECIPIENT_BY_ID "(SELECT {u.id} FROM {users} u WHERE {u.id} = $2::bigint AND $2::bigint >= 0)"
#define RECIPIENT_BY_NAME "(SELECT {u.id} FROM {users} u WHERE {u.username} = $2::text)"

#define BY_TOKEN " FROM authtoken_token t JOIN {users} u ON {u.id} = t.user_id WHERE t.key = $1::text"
#define BY_ID " FROM {users} u WHERE {u.id} = $1::bigint"
#define BY_NAME " FROM {users} u WHERE {u.username} = $1::text"

/* The eighth: what is unread. */
#define UNREAD " FROM directmessages_message m WHERE m.recipient_id = {u.id}"
#define IS_UNREAD " AND m.read_at IS NULL AND m.hidden_for_recipient IS NULL"
#define UNREAD_COUNT \
	"(SELECT count(*) - (SELECT coalesce(sum(o.n), 0)::bigint FROM directmessages_block b" \
	" CROSS JOIN LATERAL (SELECT count(*) AS n" UNREAD " AND m.sender_id = b.blocked_id" IS_UNREAD ") o" \
	" WHERE b.user_id = {u.id})" UNREAD IS_UNREAD ")"
#define UNREAD_FROM(recipient) \
	"(SELECT count(*) FROM (SELECT 1" UNREAD " AND m.sender_id = " recipient IS_UNREAD \
	" AND (SELECT 1 FROM directmessages_block b WHERE b.user_id = {u.id}" \
	" AND b.blocked_id = m.sender_id) IS NULL LIMIT 1) o)"

/* Who is calling, found by the one, and what else is looked up. */
#define CALLER(id, kind, by, recipient, unread) \
	{ \
		(id) + (kind), "SELECT " USER_COLUMNS ", " recipient ", " unread by, .is_look_up = true \
	}
#define CALLERS(id, by) \
	CALLER(id, TO_ID, by, RECIPIENT_BY_ID, "0::bigint"), CALLER(id, TO_NAME, by, RECIPIENT_BY_NAME, "0::bigint"), \
		CALLER(id, COUNT_UNREAD_TO_ID, by, RECIPIENT_BY_ID, UNREAD_COUNT), \
		CALLER(id, COUNT_UNREAD_TO_NAME, by, RECIPIENT_BY_NAME, UNREAD_COUNT), \
		CALLER(id, HAS_UNREAD_FROM_ID, by, RECIPIENT_BY_ID, UNREAD_FROM("$2::bigint")), \
		CALLER(id, HAS_UNREAD_FROM_NAME, by, RECIPIENT_BY_NAME, UNREAD_FROM(RECIPIENT_BY_NAME))

const struct pg_statement_text pg_user_statements[] = {
	CALLERS(USER_BY_TOKEN, BY_TOKEN),
	CALLERS(ACTIVE_USER_BY_ID, BY_ID),
	CALLERS(ACTIVE_USER_BY_NAME, BY_NAME),
	{USER_BY_ID, "SELECT " USER_COLUMNS BY_ID, .is_look_up = true},
	{USER_BY_NAME, "SELECT " USER_COLUMNS BY_NAME},
	{USERS, "SELECT " USER_COLUMNS " FROM {users} u WHERE {u.id} > $1::bigint ORDER BY {u.id} LIMIT $2::bigint"},
	{0},
};

struct dm_user pg_user_from_row(const PGresult *result, int row)
{
	return (struct dm_user){
		.id = pg_int(result, row, 0),
		.username = pg_text(result, row, 1),
		.first_name = pg_text(result, row, 2),
		.last_name = pg_text(result, row, 3),
		.email = pg_text(result, row, 4),
		.is_active = pg_bool(result, row, 5),
	};
}

/* Lends the one user that was found. */
static enum dm_status lend_one(struct dm_operation *operation, dm_user_row *on_user, const struct row_set *set,
			       bool calls)
{
	struct dm_user user;

	if (!set->result)
		return fail(&operation->error, DM_NOT_FOUND, "there is no such user");
	user = pg_user_from_row(set->result, set->row);
	if (calls && !user_may_call(&user))
		return fail(&operation->error, DM_INACTIVE, "the user is not active");
	if (on_user)
		on_user(operation->context, &user);
	return DM_OK;
}

/* No user has this id. */
#define NOBODY (-1)

/* Adds whom else to look for. */
static enum caller_kind add_recipient(struct parameters *parameters, bool wanted, struct dm_text name, int64_t id,
				      uint32_t count_unread)
{
	bool by_name = wanted && name.data;

	if (by_name)
		pg_add_text(parameters, name);
	else
		pg_add_int(parameters, wanted ? id : NOBODY);
	switch (count_unread) {
	case DM_COUNT_UNREAD:
		return by_name ? COUNT_UNREAD_TO_NAME : COUNT_UNREAD_TO_ID;
	case DM_HAS_UNREAD_FROM_RECIPIENT:
		return by_name ? HAS_UNREAD_FROM_NAME : HAS_UNREAD_FROM_ID;
	default:
		return by_name ? TO_NAME : TO_ID;
	}
}

enum pg_statement pg_user_authenticate(struct dm_operation *operation, struct parameters *parameters)
{
	const struct dm_op_authenticate *arguments = &operation->authenticate;

	pg_add_text(parameters, arguments->key);
	return USER_BY_TOKEN + add_recipient(parameters, arguments->with_recipient, arguments->recipient_name,
					     arguments->recipient_id, arguments->count_unread);
}

enum pg_statement pg_user_active(struct dm_operation *operation, struct parameters *parameters)
{
	const struct dm_op_active_user *arguments = &operation->active_user;
	bool by_name = arguments->username.data != NULL;

	if (by_name)
		pg_add_text(parameters, arguments->username);
	else
		pg_add_int(parameters, arguments->user_id);
	return (by_name ? ACTIVE_USER_BY_NAME : ACTIVE_USER_BY_ID) +
	       add_recipient(parameters, arguments->with_recipient, arguments->recipient_name, arguments->recipient_id,
			     arguments->count_unread);
}

enum pg_statement pg_user_by_id(struct dm_operation *operation, struct parameters *parameters)
{
	pg_add_int(parameters, operation->user_by_id.user_id);
	return USER_BY_ID;
}

enum pg_statement pg_user_by_name(struct dm_operation *operation, struct parameters *parameters)
{
	pg_add_text(parameters, operation->user_by_name.username);
	return USER_BY_NAME;
}

enum pg_statement pg_users(struct dm_operation *operation, struct parameters *parameters)
{
	pg_add_int(parameters, operation->users.has_after ? operation->users.after : INT64_MIN);
	pg_add_limit(parameters, operation->users.limit);
	return USERS;
}

enum dm_status pg_read_user_by_id(const struct postgres *postgres, struct dm_operation *operation, struct row_set *set)
{
	(void)postgres;
	return lend_one(operation, operation->user_by_id.on_user, set, false);
}

enum dm_status pg_read_user_by_name(const struct postgres *postgres, struct dm_operation *operation,
				    struct row_set *set)
{
	(void)postgres;
	return lend_one(operation, operation->user_by_name.on_user, set, false);
}

/* Whether the recipient exists; *id is 0 if not. So who has the id 0, which means everybody, is none. */
static bool read_recipient(const struct row_set *set, int64_t *id)
{
	bool exists = set->result && !PQgetisnull(set->result, set->row, 6);

	*id = exists ? pg_int(set->result, set->row, 6) : 0;
	return *id != 0;
}

static uint32_t read_unread(const struct row_set *set)
{
	int64_t unread = set->result ? pg_int(set->result, set->row, 7) : 0; /* NULL is 0 */

	return unread < UINT32_MAX ? (uint32_t)unread : UINT32_MAX;
}

/* Who was shown how many unread messages they have must find them. */
static void note_count(const struct postgres *postgres, uint32_t count_unread, const struct row_set *set)
{
	if (count_unread == DM_COUNT_UNREAD && set->result)
		pg_note_users(postgres, pg_int(set->result, set->row, 0), pg_int(set->result, set->row, 0));
}

enum dm_status pg_read_authenticated(const struct postgres *postgres, struct dm_operation *operation,
				     struct row_set *set)
{
	note_count(postgres, operation->authenticate.count_unread, set);
	operation->authenticate.unread = read_unread(set);
	operation->authenticate.recipient_exists = read_recipient(set, &operation->authenticate.found_recipient_id);
	return lend_one(operation, operation->authenticate.on_user, set, true);
}

enum dm_status pg_read_active_user(const struct postgres *postgres, struct dm_operation *operation, struct row_set *set)
{
	note_count(postgres, operation->active_user.count_unread, set);
	operation->active_user.unread = read_unread(set);
	operation->active_user.recipient_exists = read_recipient(set, &operation->active_user.found_recipient_id);
	return lend_one(operation, operation->active_user.on_user, set, true);
}

void pg_lend_users(const struct dm_operation *operation, dm_user_row *on_user, struct row_set *set)
{
	int rows = PQntuples(set->result);

	for (int row = 0; row < rows && !set->enough; row++) {
		struct dm_user user = pg_user_from_row(set->result, row);

		set->enough = !on_user(operation->context, &user);
	}
}

enum dm_status pg_read_users(const struct postgres *postgres, struct dm_operation *operation, struct row_set *set)
{
	(void)postgres;
	pg_lend_users(operation, operation->users.on_user, set);
	return DM_OK;
}
