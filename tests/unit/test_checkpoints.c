/* SPDX-License-Identifier: MIT */
/* test_checkpoints.c - SQLite: the log is written back beside those who send, and what a disk loses of that is in the
 * log. */
#include "scratch_disk.h"
#include "scratch_log.h"

#include <pthread.h>
#include <sqlite3.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define MAX_SENDS 1000
#define CONTENT_LENGTH 400000 /* some 100 pages of the log */
#define LONG_LENGTH 4000000
#define QUIET_STEPS 20 /* of 10 ms: so long nothing is flushed when all is done */
#define GONE_STEPS 50  /* longer than SQLite waits for others there */
#define BACKLOG 17     /* so many long messages are more than may wait to be written back */
#define FIRST_SENDS 9  /* so many are more than the log holds before it is written back */
#define MAX_LONG_SENDS 60
#define CATCH_UP_STEPS 200 /* of 1 ms */
#define WRITTEN_STEPS 6000 /* of 10 ms */

static char content[CONTENT_LENGTH + 1], long_content[LONG_LENGTH + 1];

static const struct dm_options unlimited = {.size = sizeof(unlimited), .max_content_length = DM_CONTENT_UNLIMITED};

static int setup(void **state)
{
	struct scratch *scratch = malloc(sizeof(*scratch));

	assert_non_null(scratch);
	scratch_make(scratch);
	scratch_open(scratch, &unlimited);
	*state = scratch;
	return 0;
}

/* ---- tests ------------------------------------------------------------------------------------------------------- */

/* The checkpointer's thread waits at flushes while these are false. */
static atomic_bool is_over, is_gate_open;

static int teardown(void **state)
{
	int result;

	scratch_disk_forget();
	atomic_store(&is_over, true);
	atomic_store(&is_gate_open, true);
	result = scratch_teardown(state);
	scratch_disk_close_index();
	return result;
}

/* What keeps SQLite from its WAL-reset bug. */
static void the_log_is_held_while_it_is_written_back(void **state)
{
	struct scratch *s = *state;

	if (s->is_postgres)
		skip();
	scratch_send(s->handle, s->john, s->mary, content);
	scratch_disk_watch(s, NULL, NULL);
	scratch_disk_open_index(s);
	scratch_log_send(s, content);
	assert_int_equal(scratch_disk_unheld(), 0);
}

static atomic_int sends, wanted_sends;

static void wait_for_two_sends(void)
{
	int wanted = atomic_load(&sends) + 2;

	atomic_store(&wanted_sends, wanted);
	while (atomic_load(&sends) < wanted && !atomic_load(&is_over))
		usleep(1000);
}

/* The thread waits for more then, or has nothing to do. However slow the disk is, it does not fall behind. */
static void let_thread_go_on(void)
{
	for (int i = 0; i < CATCH_UP_STEPS && atomic_load(&wanted_sends) <= atomic_load(&sends); i++)
		usleep(1000);
}

/* Each message has some 1,000 pages, so the thread always leaves more than the writer writes at the end. */
static void the_log_has_a_limit(void **state)
{
	struct scratch *s = *state;
	unsigned before;

	if (s->is_postgres)
		skip();
	atomic_store(&is_over, false);
	scratch_disk_watch(s, wait_for_two_sends, NULL);
	scratch_send(s->handle, s->john, s->mary, content);
	before = scratch_log_generation(s);
	for (int i = 0; i < MAX_LONG_SENDS && scratch_log_generation(s) == before; i++) {
		scratch_send(s->handle, s->john, s->mary, long_content);
		atomic_fetch_add(&sends, 1);
		if (i >= FIRST_SENDS)
			let_thread_go_on();
	}
	assert_true(scratch_log_generation(s) != before);
}

static atomic_bool is_at_gate;

static void wait_at_gate(void)
{
	atomic_store(&is_at_gate, true);
	while (!atomic_load(&is_gate_open))
		usleep(1000);
}

static void assert_written_back(void)
{
	int steps = 0;

	while (!scratch_disk_has_all() && steps++ < WRITTEN_STEPS)
		usleep(10000);
	assert_true(steps < WRITTEN_STEPS);
}

static void assert_quiet_soon(void)
{
	int seen = -1, quiet = 0;

	for (int i = 0; quiet < QUIET_STEPS; i++) {
		int now = scratch_disk_flushes();

		assert_true(i < 50 * QUIET_STEPS);
		quiet = now == seen ? quiet + 1 : 0;
		seen = now;
		usleep(10000);
	}
}

/* The log is longer then than the writer knows. A batch that changes nothing does not make it shorter. */
static void commits_of_others_are_written_back_once(void **state)
{
	struct scratch *s = *state;
	struct dm_message message;
	sqlite3 *other;
	int before;

	if (s->is_postgres)
		skip();
	atomic_store(&is_at_gate, false);
	atomic_store(&is_gate_open, false);
	scratch_disk_watch(s, wait_at_gate, NULL);
	for (int i = 0; !atomic_load(&is_at_gate); i++) {
		assert_true(i < MAX_SENDS);
		scratch_send(s->handle, s->john, s->mary, content);
	}
	for (int i = 0; i < 20; i++)
		scratch_send(s->handle, s->john, s->mary, content);
	assert_int_equal(sqlite3_open(s->path, &other), SQLITE_OK);
	sqlite3_busy_timeout(other, SCRATCH_TIMEOUT_MS);
	assert_int_equal(sqlite3_exec(other,
				      "PRAGMA wal_autocheckpoint=0; CREATE TABLE other (x);"
				      "INSERT INTO other VALUES (randomblob(100000))",
				      NULL, NULL, NULL),
			 SQLITE_OK);
	scratch_disk_open_index(s);
	atomic_store(&is_gate_open, true);
	assert_written_back();
	assert_quiet_soon();
	before = scratch_disk_flushes();
	assert_fails(DM_NOT_FOUND, dm_send(s->handle, s->john, 999999, text_of(content), &message, &error));
	assert_quiet_soon();
	assert_int_equal(scratch_disk_flushes(), before);
	sqlite3_close(other);
}

/* Microseconds. */
static int64_t clock_now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

/* With each message, and not for ever. */
static void the_writer_waits_for_a_thread_that_can_not_keep_up(void **state)
{
	struct scratch *s = *state;
	int64_t began;

	if (s->is_postgres)
		skip();
	atomic_store(&is_at_gate, false);
	atomic_store(&is_gate_open, false);
	scratch_disk_watch(s, wait_at_gate, NULL);
	for (int i = 0; i < BACKLOG || !atomic_load(&is_at_gate); i++) {
		assert_true(i < MAX_SENDS);
		scratch_send(s->handle, s->john, s->mary, long_content);
	}
	began = clock_now();
	for (int i = 0; i < 10; i++)
		scratch_send(s->handle, s->john, s->mary, "x");
	assert_true(clock_now() - began > 200000);
}

struct late_send {
	struct scratch *scratch;
	enum dm_status status;
	int64_t log_length; /* when it has failed */
	atomic_bool has_failed;
};

static void *send_late(void *argument)
{
	struct late_send *late = argument;
	struct scratch *s = late->scratch;
	struct stat log = {.st_size = -1};
	char name[200];

	late->status = dm_send(s->handle, s->john, s->mary, text_of("x"), NULL, NULL);
	snprintf(name, sizeof(name), "%s-wal", s->path);
	stat(name, &log);
	late->log_length = log.st_size;
	atomic_store(&late->has_failed, true);
	return NULL;
}

/* What was committed is in the file then, wherever that is now, and nobody takes the log for that of another file.
 * While the thread writes back, SQLite would not let the writer do it. */
static void a_file_that_is_gone_has_it_all_when_that_is_told(void **state)
{
	struct late_send late = {.scratch = *state};
	struct scratch *s = *state;
	char elsewhere[200];
	pthread_t sender;

	if (s->is_postgres)
		skip();
	atomic_store(&is_at_gate, false);
	atomic_store(&is_gate_open, false);
	scratch_disk_watch(s, NULL, wait_at_gate);
	for (int i = 0; !atomic_load(&is_at_gate); i++) {
		assert_true(i < MAX_SENDS);
		scratch_send(s->handle, s->john, s->mary, content);
	}
	snprintf(elsewhere, sizeof(elsewhere), "%s.moved", s->path);
	assert_int_equal(rename(s->path, elsewhere), 0);
	assert_int_equal(pthread_create(&sender, NULL, send_late, &late), 0);
	for (int i = 0; i < GONE_STEPS && !atomic_load(&late.has_failed); i++)
		usleep(10000);
	atomic_store(&is_gate_open, true);
	pthread_join(sender, NULL);
	assert_int_equal(rename(elsewhere, s->path), 0);
	assert_int_equal(late.status, DM_UNAVAILABLE);
	assert_int_equal(late.log_length, 0);
}

static void check_unflushed(struct scratch *s, bool heals)
{
	struct dm_options options = unlimited;
	struct dm_error why = {0};
	struct dm_message message;
	int64_t sent = 0, unread;

	if (s->is_postgres)
		skip();
	scratch_disk_set_bad(s, true, heals);
	while (dm_send(s->handle, s->john, s->mary, text_of(content), &message, &why) == DM_OK)
		assert_true(++sent < MAX_SENDS);
	assert_int_equal(why.status, DM_UNAVAILABLE);
	assert_non_null(strstr(why.message, "flushed"));
	assert_fails(DM_UNAVAILABLE, dm_unread_count(s->handle, s->mary, &unread, &error));
	scratch_disk_set_bad(s, false, false);
	dm_close(s->handle);
	options.database = s->url;
	assert_ok(dm_open(&options, &s->handle, NULL));
	assert_int_equal(scratch_number(s, "SELECT count(*) FROM directmessages_message"), sent);
	assert_int_equal(scratch_number(s, "SELECT count(*) FROM pragma_integrity_check WHERE integrity_check <> 'ok'"),
			 0);
}

static void what_was_not_flushed_is_in_the_log(void **state)
{
	check_unflushed(*state, false);
}

/* What is lost then no later flush brings back. */
static void one_flush_that_fails_is_enough(void **state)
{
	check_unflushed(*state, true);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(the_log_is_held_while_it_is_written_back, setup, teardown),
		cmocka_unit_test_setup_teardown(the_log_has_a_limit, setup, teardown),
		cmocka_unit_test_setup_teardown(commits_of_others_are_written_back_once, setup, teardown),
		cmocka_unit_test_setup_teardown(the_writer_waits_for_a_thread_that_can_not_keep_up, setup, teardown),
		cmocka_unit_test_setup_teardown(a_file_that_is_gone_has_it_all_when_that_is_told, setup, teardown),
		cmocka_unit_test_setup_teardown(what_was_not_flushed_is_in_the_log, setup, scratch_teardown),
		cmocka_unit_test_setup_teardown(one_flush_that_fails_is_enough, setup, scratch_teardown),
	};

	memset(content, 'x', CONTENT_LENGTH);
	memset(long_content, 'x', LONG_LENGTH);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
