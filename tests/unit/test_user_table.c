/* SPDX-License-Identifier: MIT */
/* test_user_table.c - names of the user table: which are valid, and how SQL is expanded with them. */
#include "user_table.h"

#include "unit.h"

#include <stdlib.h>

static void check(const struct dm_user_table *names, const char *text, const char *wanted)
{
	struct dm_error error = {0};
	struct user_table users;
	char *sql;

	assert_int_equal(user_table_init(&users, names, &error), DM_OK);
	sql = user_table_expand(&users, text);
	assert_string_equal(sql, wanted);
	free(sql);
	user_table_release(&users);
}

static void names_default_to_those_of_django(void **state)
{
	const struct dm_user_table none = {0};

	(void)state;
	check(&none, "SELECT {u.id}, {u.is_active} FROM {users} u WHERE {u.username} = ?1",
	      "SELECT u.\"id\", u.\"is_active\" FROM \"auth_user\" u WHERE u.\"username\" = ?1");
	check(&none, "({id}, {username}, {first_name}, {last_name}, {email}, {is_active})",
	      "(\"id\", \"username\", \"first_name\", \"last_name\", \"email\", \"is_active\")");
	check(&none, "{'users'} {'schema'} {'table'} {'email'}", "'\"auth_user\"' NULL 'auth_user' 'email'");
	check(&none, "", "");
}

static void given_names_take_their_place(void **state)
{
	const struct dm_user_table names = {sizeof(names), "app.My Users", "pk", "email", "-", NULL, "email", "-"};

	(void)state;
	check(&names, "{users}, {a1.id}, {username}, {u.email}",
	      "\"app\".\"My Users\", a1.\"pk\", \"email\", u.\"email\"");
	check(&names, "{first_name} {u.first_name} {u.last_name} {u.is_active}", "'' '' u.\"last_name\" true");
	check(&names, "{'users'} {'schema'} {'table'} {'id'} {'is_active'}",
	      "'\"app\".\"My Users\"' 'app' 'My Users' 'pk' NULL");
}

static void other_braces_stay(void **state)
{
	static const char text[] = "'{}'::bigint[] {user} {u.users} {'} {''} {u.} {.id {";
	const struct dm_user_table none = {0};

	(void)state;
	check(&none, text, text);
}

static void what_can_be_no_name_is_refused(void **state)
{
	static const char name64[] = "aaaaaaaaaabbbbbbbbbbccccccccccddddddddddeeeeeeeeeeffffffffffgggg";
	const struct dm_user_table bad[] = {
		{.table = ""},
		{.table = "a\"b"},
		{.table = "a'b"},
		{.table = ".a"},
		{.table = "a."},
		{.table = "a.b.c"},
		{.table = "a.b\""},
		{.table = "a\".b"},
		{.id = ""},
		{.id = "-"},
		{.id = "\""},
		{.username = "-"},
		{.username = "'"},
		{.first_name = "a\"; --"},
		{.last_name = ""},
		{.table = name64},
		{.first_name = name64},
		{.email = "\""},
		{.is_active = "'"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct dm_error error = {0};
		struct user_table users;

		assert_int_equal(user_table_init(&users, &bad[i], &error), DM_INVALID);
		assert_int_equal(error.status, DM_INVALID);
		assert_non_null(strchr(error.message, ';'));
		user_table_release(&users);
	}
}

static void says_whether_users_can_be_made_in_it(void **state)
{
	static const struct {
		struct dm_user_table names;
		bool is_own, is_complete;
	} cases[] = {
		{{0}, true, true},
		{{.table = "auth_user"}, true, true},
		{{.table = "public.auth_user"}, false, true},
		{{.table = "accounts_user"}, false, true},
		{{.is_active = "-"}, true, false},
		{{.first_name = "-"}, true, false},
		{{.username = "email"}, true, false},
		{{.username = "nick", .email = "mail"}, true, true},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct user_table users;

		assert_int_equal(user_table_init(&users, &cases[i].names, NULL), DM_OK);
		assert_int_equal(user_table_is_own(&users), cases[i].is_own);
		assert_int_equal(user_table_is_complete(&users), cases[i].is_complete);
		user_table_release(&users);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_default_to_those_of_django),
		cmocka_unit_test(given_names_take_their_place),
		cmocka_unit_test(other_braces_stay),
		cmocka_unit_test(what_can_be_no_name_is_refused),
		cmocka_unit_test(says_whether_users_can_be_made_in_it),
	};

	return RUN_TESTS("user_table", tests);
}
