/* SPDX-License-Identifier: MIT */
/* test_checkpoint_turns.c - SQLite: the log begins anew, whoever writes it back, and not while somebody needs it. */
#include "scratch_log.h"

#include <fcntl.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define PAGE 4096
#define CONTENT_LENGTH 400000 /* some 100 pages of the log */
#define LONG_LENGTH 4000000
#define MAX_LONG_SENDS 60
#define RUN_US 300000

static char content[CONTENT_LENGTH + 1], long_content[LONG_LENGTH + 1];

static int setup(void **state)
{
	static const struct dm_options options = {.size = sizeof(options), .max_content_length = DM_CONTENT_UNLIMITED};
	struct scratch *scratch = malloc(sizeof(*scratch));

	assert_non_null(scratch);
	scratch_make(scratch);
	scratch_open(scratch, &options);
	scratch_send(scratch->handle, scratch->john, scratch->mary, content);
	*state = scratch;
	return 0;
}

static void the_log_begins_anew_beside_sends(void **state)
{
	struct scratch *s = *state;

	if (s->is_postgres)
		skip();
	scratch_log_send(s, content);
}

/* Microseconds of processor time. */
static int64_t used(clockid_t clock)
{
	struct timespec time;

	clock_gettime(clock, &time);
	return (int64_t)time.tv_sec * 1000000 + time.tv_nsec / 1000;
}

/* How much all other threads use while this one uses RUN_US: one that never rests gets as much of a machine that is
 * busy. */
static int64_t run_beside_others(void)
{
	int64_t all = used(CLOCK_PROCESS_CPUTIME_ID), until = used(CLOCK_THREAD_CPUTIME_ID) + RUN_US;

	while (used(CLOCK_THREAD_CPUTIME_ID) < until)
		;
	return used(CLOCK_PROCESS_CPUTIME_ID) - all - RUN_US;
}

/* Its view of the file would be lost. The thread has nothing to do until it is gone. */
static void a_reader_keeps_the_log(void **state)
{
	struct scratch *s = *state;
	sqlite3 *reader;
	unsigned before;

	if (s->is_postgres)
		skip();
	assert_int_equal(sqlite3_open(s->path, &reader), SQLITE_OK);
	assert_int_equal(sqlite3_exec(reader, "BEGIN; SELECT 1 FROM sqlite_master", NULL, NULL, NULL), SQLITE_OK);
	before = scratch_log_generation(s);
	for (int i = 0; i < 110; i++)
		scratch_send(s->handle, s->john, s->mary, content);
	assert_int_equal(scratch_log_generation(s), before);
	for (int i = 0; i < 2; i++) /* the first time it may still wait for the disk */
		assert_true(run_beside_others() < RUN_US / 5);
	sqlite3_close(reader);
	scratch_log_send(s, content);
}

/* Sends long messages until the log has begun anew; how long it was before, in bytes. */
static int64_t fill(const struct scratch *s, int log)
{
	unsigned char before[4], now[4];
	struct stat file = {.st_size = 0};
	int sends = 0;

	assert_int_equal(pread(log, before, sizeof(before), 12), sizeof(before));
	do {
		fstat(log, &file);
		scratch_send(s->handle, s->john, s->mary, long_content);
		assert_int_equal(pread(log, now, sizeof(now), 12), sizeof(now));
	} while (memcmp(before, now, sizeof(now)) == 0 && ++sends < MAX_LONG_SENDS);
	return sends < MAX_LONG_SENDS ? file.st_size : INT64_MAX;
}

/* No file can be opened: so the thread has no connection. The log grows as long each time. */
static void without_a_thread_the_writer_writes_back(void **state)
{
	struct scratch *s = *state;
	struct rlimit before, none;
	int64_t first, second;
	char name[200];
	int log;

	if (s->is_postgres)
		skip();
	snprintf(name, sizeof(name), "%s-wal", s->path);
	log = open(name, O_RDONLY | O_CLOEXEC);
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
	none = before;
	none.rlim_cur = (rlim_t)dup(log); /* the smallest that is free */
	close((int)none.rlim_cur);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
	first = fill(s, log);
	second = fill(s, log);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
	close(log);
	assert_true(first < INT64_MAX && second < INT64_MAX);
	assert_true(second <= first + INT64_C(256) * PAGE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(the_log_begins_anew_beside_sends, setup, scratch_teardown),
		cmocka_unit_test_setup_teardown(a_reader_keeps_the_log, setup, scratch_teardown),
		cmocka_unit_test_setup_teardown(without_a_thread_the_writer_writes_back, setup, scratch_teardown),
	};

	memset(content, 'x', CONTENT_LENGTH);
	memset(long_content, 'x', LONG_LENGTH);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
