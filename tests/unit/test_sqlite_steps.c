/* SPDX-License-Identifier: MIT */
/* test_sqlite_steps.c - SQLite: a read that fails in the middle is told, whichever of its statements fails.
 *
 * The linker sends the library's calls of sqlite3_step to the function here (--wrap). */
#include "scratch.h"

#include <sqlite3.h>

/* The step that fails: of statements with this text in their SQL, the one at which `until` becomes 0. */
static const char *text;
static int until;

int __real_sqlite3_step(sqlite3_stmt *statement);
int __wrap_sqlite3_step(sqlite3_stmt *statement);

int __wrap_sqlite3_step(sqlite3_stmt *statement)
{
	const char *sql = sqlite3_sql(statement);

	if (text && sql && strstr(sql, text) && --until == 0)
		return SQLITE_IOERR;
	return __real_sqlite3_step(statement);
}

static struct dm_operation partners_of(const struct scratch *s, struct listed *listed)
{
	struct dm_operation operation = {
		.kind = DM_OP_PARTNERS, .context = listed, .partners = {.user_id = s->john, .on_user = list_user}};

	*listed = (struct listed){0};
	dm_run(s->handle, &operation);
	return operation;
}

/* Those who were sent messages and those who have sent some are two scans. */
static void a_page_of_partners_that_is_not_whole_is_a_failure(void **state)
{
	static const char *const scans[] = {"INDEXED BY directmessages_sent ", "INDEXED BY directmessages_received "};
	struct scratch *s = *state;
	struct listed listed;

	if (s->is_postgres)
		skip();
	scratch_send(s->handle, s->john, s->mary, "x");
	scratch_send(s->handle, s->bob, s->john, "x");
	for (size_t i = 0; i < 2; i++)
		for (int step = 1; step <= 2; step++) {
			text = scans[i];
			until = step;
			assert_int_equal(partners_of(s, &listed).status, DM_UNAVAILABLE);
			assert_int_equal(until, 0);
			text = NULL;
			assert_int_equal(partners_of(s, &listed).status, DM_OK);
			assert_int_equal(listed.count, 2);
		}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_page_of_partners_that_is_not_whole_is_a_failure, scratch_setup,
						scratch_teardown),
	};

	return RUN_TESTS("sqlite_steps", tests);
}
