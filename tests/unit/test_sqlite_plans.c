/* SPDX-License-Identifier: MIT */
/* test_sqlite_plans.c - SQLite: statements on a table that may be large read no more of it than they need. */
#include "nouns.h"
#include "scratch.h"
#include "user_table.h"

#include <stdio.h>
#include <stdlib.h>

/* A table that is read from its start to its end, other than a few rows that a subquery has chosen. */
static bool reads_all(const char *detail)
{
	return strncmp(detail, "SCAN ", 5) == 0 && detail[5] != '(' && strcmp(detail, "SCAN CONSTANT ROW") != 0 &&
	       strcmp(detail, "SCAN i") != 0; /* of inbox_walk.c: the constant row */
}

static void check_plan(sqlite3 *db, const char *sql)
{
	sqlite3_stmt *plan;
	char text[2048];

	snprintf(text, sizeof(text), "EXPLAIN QUERY PLAN %s", sql);
	assert_int_equal(sqlite3_prepare_v2(db, text, -1, &plan, NULL), SQLITE_OK);
	while (sqlite3_step(plan) == SQLITE_ROW) {
		const char *detail = (const char *)sqlite3_column_text(plan, 3);

		if (reads_all(detail) || strstr(detail, "TEMP B-TREE"))
			fail_msg("%s\n%s", detail, sql);
	}
	sqlite3_finalize(plan);
}

static void keys_are_found_by_their_indexes(void **state)
{
	struct scratch *s = *state;
	sqlite3 *db;

	if (s->is_postgres) /* tests/test_postgres_plans.py */
		skip();
	assert_int_equal(sqlite3_open(s->path, &db), SQLITE_OK);
	for (const struct sqlite_statement_text *text = idempotency_statements; text->sql; text++)
		check_plan(db, text->sql);
	sqlite3_close(db);
}

/* To sort two rows takes SQLite as long as ten steps in an index, for each conversation of a page. */
static void inboxes_are_read_in_their_order(void **state)
{
	struct scratch *s = *state;
	struct user_table users;
	struct dm_error error;
	sqlite3 *db;

	if (s->is_postgres)
		skip();
	assert_int_equal(user_table_init(&users, &(struct dm_user_table){0}, &error), DM_OK);
	assert_int_equal(sqlite3_open(s->path, &db), SQLITE_OK);
	for (const struct sqlite_statement_text *text = inbox_walk_statements; text->sql; text++) {
		char *sql = user_table_expand(&users, text->sql);

		check_plan(db, sql);
		free(sql);
	}
	user_table_release(&users);
	sqlite3_close(db);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(keys_are_found_by_their_indexes, scratch_setup, scratch_teardown),
		cmocka_unit_test_setup_teardown(inboxes_are_read_in_their_order, scratch_setup, scratch_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
