/* SPDX-License-Identifier: MIT */
/* test_library_reads.c - the public API on a real file: reads between dm_begin_reads and dm_end_reads. */
#include "scratch.h"

#include <pthread.h>

static int64_t unread(const struct scratch *s)
{
	int64_t count = -1;

	assert_ok(dm_unread_count(s->handle, s->mary, &count, NULL));
	return count;
}

static void they_share_the_view_of_the_first(void **state)
{
	struct scratch *s = *state;

	scratch_send(s->handle, s->john, s->mary, "before");
	dm_begin_reads(s->handle);
	assert_int_equal(unread(s), 1);
	scratch_sql(s, "UPDATE directmessages_message SET read_at = sent_at");
	assert_int_equal(unread(s), 1);
	dm_end_reads(s->handle);
	assert_int_equal(unread(s), 0);
}

/* A bracket without a read has no view of the database, and no lock. */
static void the_first_read_comes_when_it_comes(void **state)
{
	struct scratch *s = *state;

	dm_begin_reads(s->handle);
	scratch_send(s->handle, s->john, s->mary, "while nothing is read");
	assert_int_equal(unread(s), 1);
	dm_end_reads(s->handle);
	dm_begin_reads(s->handle);
	dm_end_reads(s->handle);
	scratch_send(s->handle, s->john, s->mary, "and after it");
	assert_int_equal(unread(s), 2);
}

static void a_write_ends_the_bracket(void **state)
{
	struct scratch *s = *state;

	dm_begin_reads(s->handle);
	assert_int_equal(unread(s), 0);
	scratch_send(s->handle, s->john, s->mary, "to be seen");
	assert_int_equal(unread(s), 1);
	dm_end_reads(s->handle);
}

static bool send_within(void *context, const struct dm_user *user)
{
	struct scratch *s = context;

	(void)user;
	scratch_send(s->handle, s->john, s->mary, "from a row function");
	return true;
}

/* The write cannot end the bracket while rows are lent: reads see the database as it was. */
static void but_not_from_a_row_function(void **state)
{
	struct scratch *s = *state;

	dm_begin_reads(s->handle);
	assert_ok(dm_users(s->handle, send_within, s, NULL));
	dm_end_reads(s->handle);
	assert_int_equal(unread(s), 3);
}

static bool run_until_idle(void *context, const struct dm_user *user)
{
	struct scratch *s = context;
	struct listed listed = {0};

	(void)user;
	assert_ok(dm_users(s->handle, list_user, &listed, NULL));
	assert_listed(listed, s->john, s->mary, s->bob);
	listed.count = 0;
	return true;
}

static void a_row_function_may_read(void **state)
{
	struct scratch *s = *state;

	dm_begin_reads(s->handle);
	assert_ok(dm_users(s->handle, run_until_idle, s, NULL));
	assert_int_equal(unread(s), 0);
	dm_end_reads(s->handle);
}

static void *send_and_read(void *context)
{
	struct scratch *s = context;

	scratch_send(s->handle, s->john, s->mary, "meanwhile");
	assert_int_equal(unread(s), 1);
	dm_end_reads(s->handle); /* another thread's bracket: does nothing */
	return NULL;
}

static void they_are_of_one_thread(void **state)
{
	struct scratch *s = *state;
	pthread_t thread;

	dm_begin_reads(s->handle);
	assert_int_equal(unread(s), 0);
	assert_int_equal(pthread_create(&thread, NULL, send_and_read, s), 0);
	pthread_join(thread, NULL);
	assert_int_equal(unread(s), 0);
	dm_end_reads(s->handle);
	assert_int_equal(unread(s), 1);
}

static void another_database_is_not_bracketed(void **state)
{
	struct scratch *s = *state, other;

	scratch_make(&other);
	scratch_open(&other, NULL);
	dm_begin_reads(s->handle);
	dm_begin_reads(other.handle);
	assert_int_equal(unread(s), 0);
	assert_int_equal(unread(&other), 0);
	scratch_send(other.handle, other.john, other.mary, "seen");
	assert_int_equal(unread(&other), 1);
	dm_end_reads(other.handle);
	dm_end_reads(s->handle);
	scratch_remove(&other);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(they_share_the_view_of_the_first, scratch_setup, scratch_teardown),
		cmocka_unit_test_setup_teardown(the_first_read_comes_when_it_comes, scratch_setup, scratch_teardown),
		cmocka_unit_test_setup_teardown(a_write_ends_the_bracket, scratch_setup, scratch_teardown),
		cmocka_unit_test_setup_teardown(but_not_from_a_row_function, scratch_setup, scratch_teardown),
		cmocka_unit_test_setup_teardown(a_row_function_may_read, scratch_setup, scratch_teardown),
		cmocka_unit_test_setup_teardown(they_are_of_one_thread, scratch_setup, scratch_teardown),
		cmocka_unit_test_setup_teardown(another_database_is_not_bracketed, scratch_setup, scratch_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
