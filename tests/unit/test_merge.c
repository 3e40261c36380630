/* SPDX-License-Identifier: MIT */
/* test_merge.c - many look-ups become one statement. */
#include "merge.h"

#include "unit.h"

#include <stdlib.h>

static void check(const char *sql, const char *wanted)
{
	char *merged = merged_text(sql);

	assert_string_equal(merged, wanted);
	free(merged);
}

static void parameters_become_columns_of_arrays(void **state)
{
	(void)state;
	check("SELECT a FROM t WHERE k = $1::text AND n < $2::bigint AND $2::bigint > 0",
	      "SELECT x.*, q.n FROM unnest($1::text[], $2::bigint[]) WITH ORDINALITY q(p1, p2, n) CROSS JOIN LATERAL"
	      " (SELECT * FROM (SELECT a FROM t WHERE k = q.p1 AND n < q.p2 AND q.p2 > 0) y OFFSET 0) x");
	check("SELECT $1::timestamptz",
	      "SELECT x.*, q.n FROM unnest($1::timestamptz[]) WITH ORDINALITY q(p1, n) CROSS JOIN LATERAL"
	      " (SELECT * FROM (SELECT q.p1) y OFFSET 0) x");
}

/* A project may name its user table as it likes. */
static void names_in_quotes_are_left_alone(void **state)
{
	(void)state;
	check("SELECT u.\"$1::text\", '$9' FROM \"a$2\" u WHERE u.\"i$d\" = $1::bigint",
	      "SELECT x.*, q.n FROM unnest($1::bigint[]) WITH ORDINALITY q(p1, n) CROSS JOIN LATERAL"
	      " (SELECT * FROM (SELECT u.\"$1::text\", '$9' FROM \"a$2\" u WHERE u.\"i$d\" = q.p1) y OFFSET 0) x");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(parameters_become_columns_of_arrays),
		cmocka_unit_test(names_in_quotes_are_left_alone),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
