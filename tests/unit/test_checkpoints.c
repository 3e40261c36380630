/* SPDX-License-Identifier: MIT */
/* test_checkpoints.c - SQLite: the log is written back beside those who send, and what a disk loses of that is in the
 * log.
 *
 * SQLite's calls of pwrite64 and fdatasync go to the functions here, which see what is written back. While the disk is
 * bad, each flush of the database file fails, and what was written since the flush before it is lost. */
#include "scratch_log.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sqlite3.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define MAX_WRITES 65536
#define PAGE 4096
#define MAX_SENDS 1000
#define CONTENT_LENGTH 400000 /* some 100 pages of the log */
#define LONG_LENGTH 4000000
#define QUIET_STEPS 20 /* of 10 ms: so long nothing is flushed when all is done */
#define GONE_STEPS 50  /* longer than SQLite waits for others there */
#define BACKLOG 17     /* so many long messages are more than may wait to be written back */

static char content[CONTENT_LENGTH + 1], long_content[LONG_LENGTH + 1];

/* ---- the disk ---------------------------------------------------------------------------------------------------- */

/* What was in the file before the writes since the last flush. */
static struct {
	pthread_mutex_t mutex;
	bool is_bad;
	bool heals; /* after one flush that fails */
	struct stat file;
	int index;              /* the log's index; -1: not open */
	void (*at_flush)(void); /* called by the checkpointer's thread after a flush of the file */
	void (*at_write)(void); /* and before it writes to the file */
	int flushes;            /* of the file */
	int unheld;             /* writes to the file while nobody reads from the log */
	size_t count;
	struct before {
		int64_t offset;
		char bytes[PAGE];
	} * before;
} disk = {.mutex = PTHREAD_MUTEX_INITIALIZER, .index = -1};

static _Thread_local bool is_writer;

static bool is_the_file(int descriptor)
{
	struct stat found;

	return fstat(descriptor, &found) == 0 && found.st_ino == disk.file.st_ino && found.st_dev == disk.file.st_dev;
}

/* SQLite's readers of the log lock one of four bytes of its index. */
static bool is_held(void)
{
	struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = 124, .l_len = 4};

	return fcntl(disk.index, F_OFD_GETLK, &lock) == 0 && lock.l_type != F_UNLCK;
}

#define EXPORTED __attribute__((visibility("default")))

EXPORTED ssize_t pwrite64(int descriptor, const void *data, size_t size, off64_t offset)
{
	void (*at_write)(void);

	pthread_mutex_lock(&disk.mutex);
	at_write = is_the_file(descriptor) && !is_writer ? disk.at_write : NULL;
	if (!is_the_file(descriptor))
		is_writer = true;
	else if (disk.index >= 0 && !is_held())
		disk.unheld++;
	if (disk.is_bad && is_the_file(descriptor)) {
		struct before *before = &disk.before[disk.count++];

		if (disk.count == MAX_WRITES)
			abort();
		before->offset = offset;
		memset(before->bytes, 0, PAGE);
		(void)!pread(descriptor, before->bytes, PAGE, offset);
	}
	pthread_mutex_unlock(&disk.mutex);
	if (at_write)
		at_write();
	return syscall(SYS_pwrite64, descriptor, data, size, offset);
}

EXPORTED int fdatasync(int descriptor)
{
	bool is_file, fails;
	void (*at_flush)(void);
	int result;

	pthread_mutex_lock(&disk.mutex);
	is_file = is_the_file(descriptor);
	at_flush = is_file && !is_writer ? disk.at_flush : NULL;
	disk.flushes += is_file;
	fails = disk.is_bad && is_file && disk.count > 0;
	for (size_t i = fails ? disk.count : 0; i > 0; i--)
		(void)!syscall(SYS_pwrite64, descriptor, disk.before[i - 1].bytes, PAGE, disk.before[i - 1].offset);
	disk.count = 0;
	disk.is_bad = disk.is_bad && !(fails && disk.heals);
	pthread_mutex_unlock(&disk.mutex);
	result = fails ? -1 : (int)syscall(SYS_fdatasync, descriptor);
	if (at_flush)
		at_flush();
	errno = EIO;
	return result;
}

static int flushes(void)
{
	int count;

	pthread_mutex_lock(&disk.mutex);
	count = disk.flushes;
	pthread_mutex_unlock(&disk.mutex);
	return count;
}

/* NULL: nothing is called. */
static void set_at_flush(const struct scratch *s, void (*at_flush)(void))
{
	struct stat file;

	assert_int_equal(stat(s->path, &file), 0);
	pthread_mutex_lock(&disk.mutex);
	disk.file = file;
	disk.at_flush = at_flush;
	pthread_mutex_unlock(&disk.mutex);
}

static void set_bad(const struct scratch *s, bool is_bad)
{
	pthread_mutex_lock(&disk.mutex);
	assert_int_equal(stat(s->path, &disk.file), 0);
	disk.is_bad = is_bad;
	disk.before = is_bad ? malloc(MAX_WRITES * sizeof(*disk.before)) : (free(disk.before), NULL);
	assert_true(!is_bad || disk.before);
	disk.count = 0;
	pthread_mutex_unlock(&disk.mutex);
}

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

/* To close the index while SQLite has it open would end SQLite's locks. */
static int teardown(void **state)
{
	int result;

	pthread_mutex_lock(&disk.mutex);
	disk.at_flush = disk.at_write = NULL;
	pthread_mutex_unlock(&disk.mutex);
	atomic_store(&is_over, true);
	atomic_store(&is_gate_open, true);
	result = scratch_teardown(state);
	pthread_mutex_lock(&disk.mutex);
	if (disk.index >= 0)
		close(disk.index);
	disk.index = -1;
	pthread_mutex_unlock(&disk.mutex);
	return result;
}

/* What keeps SQLite from its WAL-reset bug. */
static void the_log_is_held_while_it_is_written_back(void **state)
{
	struct scratch *s = *state;
	char name[200];
	int unheld;

	if (s->is_postgres)
		skip();
	scratch_send(s->handle, s->john, s->mary, content);
	snprintf(name, sizeof(name), "%s-shm", s->path);
	set_at_flush(s, NULL);
	pthread_mutex_lock(&disk.mutex);
	disk.index = open(name, O_RDWR | O_CLOEXEC);
	disk.unheld = 0;
	pthread_mutex_unlock(&disk.mutex);
	assert_true(disk.index >= 0);
	scratch_log_send(s, content);
	pthread_mutex_lock(&disk.mutex);
	unheld = disk.unheld;
	pthread_mutex_unlock(&disk.mutex);
	assert_int_equal(unheld, 0);
}

static atomic_int sends;

static void wait_for_two_sends(void)
{
	for (int seen = atomic_load(&sends); atomic_load(&sends) < seen + 2 && !atomic_load(&is_over);)
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
	set_at_flush(s, wait_for_two_sends);
	scratch_send(s->handle, s->john, s->mary, content);
	before = scratch_log_generation(s);
	for (int i = 0; i < 60 && scratch_log_generation(s) == before; i++) {
		scratch_send(s->handle, s->john, s->mary, long_content);
		atomic_fetch_add(&sends, 1);
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

static void assert_quiet_soon(void)
{
	int seen = -1, quiet = 0;

	for (int i = 0; quiet < QUIET_STEPS; i++) {
		int now = flushes();

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
	set_at_flush(s, wait_at_gate);
	for (int i = 0; !atomic_load(&is_at_gate); i++) {
		assert_true(i < MAX_SENDS);
		scratch_send(s->handle, s->john, s->mary, content);
	}
	for (int i = 0; i < 20; i++)
		scratch_send(s->handle, s->john, s->mary, content);
	assert_int_equal(sqlite3_open(s->path, &other), SQLITE_OK);
	assert_int_equal(sqlite3_exec(other,
				      "PRAGMA wal_autocheckpoint=0; CREATE TABLE other (x);"
				      "INSERT INTO other VALUES (randomblob(100000))",
				      NULL, NULL, NULL),
			 SQLITE_OK);
	before = flushes();
	atomic_store(&is_gate_open, true);
	while (flushes() == before)
		usleep(1000);
	assert_quiet_soon();
	before = flushes();
	assert_fails(DM_NOT_FOUND, dm_send(s->handle, s->john, 999999, text_of(content), &message, &error));
	assert_quiet_soon();
	assert_int_equal(flushes(), before);
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
	set_at_flush(s, wait_at_gate);
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
	set_at_flush(s, NULL);
	pthread_mutex_lock(&disk.mutex);
	disk.at_write = wait_at_gate;
	pthread_mutex_unlock(&disk.mutex);
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
	disk.heals = heals;
	set_bad(s, true);
	while (dm_send(s->handle, s->john, s->mary, text_of(content), &message, &why) == DM_OK)
		assert_true(++sent < MAX_SENDS);
	assert_int_equal(why.status, DM_UNAVAILABLE);
	assert_non_null(strstr(why.message, "flushed"));
	assert_fails(DM_UNAVAILABLE, dm_unread_count(s->handle, s->mary, &unread, &error));
	set_bad(s, false);
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
