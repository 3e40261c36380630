/* SPDX-License-Identifier: MIT */
/* test_sqlite_plans.c - SQLite: statements on a table that may be large read no more of it than they need. */
#include "nouns.h"
#include "scratch.h"

#include <stdio.h>

/* A table that is read from its start to its end, other than a few rows that a subquery has chosen. */
static bool reads_all(const char *detail)
{
	return strncmp(detail, "SCAN ", 5) == 0 && detail[5] != '(';
}

static void check_plan(sqlite3 *db, const char *sql)
{
	sqlite3_stmt *plan;
	char text[2048];

	snprintf(text, sizeof(text), "EXPLAIN QUERY PLAN %s", sql);
	assert_int_equal(sqlite3_prepare_v2(db, text, -1, &plan, NULL), SQLITE_OK);
	while (sqlite3_step(plan) == SQLITE_ROW) {
		const char *detail = (const char *)sqlite3_column_text(plan, 3);

		if (reads_all(detail))
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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(keys_are_found_by_their_indexes, scratch_setup, scratch_teardown)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
