/* SPDX-License-Identifier: MIT */
/* user_table.h - which table holds the users, by which columns, and SQL that names them. */
#ifndef USER_TABLE_H
#define USER_TABLE_H

#include "attributes.h"
#include "directmessages.h"

/* What to do where a project's tables are not all there, or its users are in a table that was not named. */
#define USER_TABLE_REFUSAL \
	"the database lacks a table of Django's: authtoken_token, directmessages_message, or the users' (auth_user, or what " \
	"DIRECTMESSAGES_USER_TABLE names); name the users' table, or run the Django project's own 'manage.py migrate' first"

enum user_column {
	COLUMN_ID,
	COLUMN_USERNAME,
	COLUMN_FIRST_NAME,
	COLUMN_LAST_NAME,
	COLUMN_EMAIL,
	COLUMN_IS_ACTIVE,
	USER_COLUMN_COUNT
};

/* Owns its texts. None holds a quote. */
struct user_table {
	char *schema; /* NULL: the database's own */
	char *table;
	char *columns[USER_COLUMN_COUNT]; /* NULL where the table has none */
};

/* Copies the names. DM_INVALID, with a sentence on which of them is not valid. To be released in either case. */
MUST_CHECK enum dm_status user_table_init(struct user_table *users, const struct dm_user_table *names,
					  struct dm_error *error);
void user_table_release(struct user_table *users);

/* Whether it is Django's auth_user, which our migrations can make. */
bool user_table_is_own(const struct user_table *users);

/* Whether every column has a name, and no two share one. Only then can a user be inserted. */
bool user_table_is_complete(const struct user_table *users);

/* What a table lacks that is not complete, and that no user can be deleted to whom rows (%s) refer. */
#define LACKS_COLUMNS "it lacks columns of Django's AbstractUser"
#define USER_IS_NEEDED \
	"rows of %s belong to this user, who can't be deleted; erase the user instead ('directmessages user erase'), or delete " \
	"those rows first"

/* Whether each column that a change is for can be set: the table has it, and it is no other one as well. DM_INVALID. */
MUST_CHECK enum dm_status user_table_check_change(const struct user_table *users, const struct dm_op_user_put *change,
						  struct dm_error *error);

/* Looks for a column of the table (NULL: for the table), and whether the column is an integer. */
typedef enum dm_status user_table_look(void *context, const char *column, bool *found, bool *integer,
				       struct dm_error *error);

/* Whether a database has the table and the columns that are named. DM_SCHEMA, with a sentence on what it lacks.
 * auth_user may be missing: a migration makes it. */
MUST_CHECK enum dm_status user_table_verify(const struct user_table *users, user_table_look *look, void *context,
					    struct dm_error *error);

/* Puts the names into an SQL text, in place of these. An alias is u where it is not written. To be freed; NULL where
 * there is no memory.
 *
 *     {users}                                   "table", or "schema"."table"
 *     {id} {username} {first_name} {last_name} {email} {is_active}
 *                                               the column, quoted: in lists of an INSERT, behind SET
 *     {u.id} and so on                          the column of an alias: u."id"
 *     {close}                                   behind SET: makes the user inactive, if there is such a column
 *     {erase}                                   behind SET: what an erased user's columns become
 *     {,email=VALUE}                            , "email" = coalesce(VALUE, u."email"): behind SET and another
 *                                               assignment; nothing, if the column can't be set
 *     {'users'} {'schema'} {'table'} {'id'} and so on
 *                                               the same names as text literals, to look them up in the catalogue
 *
 * A column that the table lacks becomes '' (true for is_active), or as a text literal NULL. Read a column by an alias:
 * SQLite takes a bare "name" that is not a column for a text. */
MUST_CHECK char *user_table_expand(const struct user_table *users, const char *sql);

#endif
