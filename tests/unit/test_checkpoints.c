/* SPDX-License-Identifier: MIT */
/* test_checkpoints.c - SQLite: the log is written back beside those who send, and what a disk loses of that is in the
 * log.
 *
 * SQLite's calls of pwrite64 and fdatasync go to the functions here. While the disk is bad, each flush of the database
 * file fails, and what was written since the flush before it is lost. */
#include "scratch.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#define MAX_WRITES 65536
#define PAGE 4096
#define MAX_SENDS 1000
#define CONTENT_LENGTH 400000 /* some 100 pages of the log */

static char content[CONTENT_LENGTH + 1];

/* ---- the disk ---------------------------------------------------------------------------------------------------- */

/* What was in the file before the writes since the last flush. */
static struct {
	pthread_mutex_t mutex;
	bool is_bad;
	struct stat file;
	size_t count;
	struct before {
		int64_t offset;
		char bytes[PAGE];
	} * before;
} disk = {.mutex = PTHREAD_MUTEX_INITIALIZER};

static bool is_the_file(int descriptor)
{
	struct stat found;

	return disk.is_bad && fstat(descriptor, &found) == 0 && found.st_ino == disk.file.st_ino &&
	       found.st_dev == disk.file.st_dev;
}

#define EXPORTED __attribute__((visibility("default")))

EXPORTED ssize_t pwrite64(int descriptor, const void *data, size_t size, off64_t offset)
{
	pthread_mutex_lock(&disk.mutex);
	if (is_the_file(descriptor)) {
		struct before *before = &disk.before[disk.count++];

		if (disk.count == MAX_WRITES)
			abort();
		before->offset = offset;
		memset(before->bytes, 0, PAGE);
		(void)!pread(descriptor, before->bytes, PAGE, offset);
	}
	pthread_mutex_unlock(&disk.mutex);
	return syscall(SYS_pwrite64, descriptor, data, size, offset);
}

EXPORTED int fdatasync(int descriptor)
{
	bool fails;

	pthread_mutex_lock(&disk.mutex);
	fails = is_the_file(descriptor) && disk.count > 0;
	for (size_t i = fails ? disk.count : 0; i > 0; i--)
		(void)!syscall(SYS_pwrite64, descriptor, disk.before[i - 1].bytes, PAGE, disk.before[i - 1].offset);
	disk.count = 0;
	pthread_mutex_unlock(&disk.mutex);
	errno = EIO;
	return fails ? -1 : (int)syscall(SYS_fdatasync, descriptor);
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

/* How often the log has begun anew. */
static unsigned generation(const struct scratch *s)
{
	char name[200];
	unsigned char header[16];
	FILE *log;

	snprintf(name, sizeof(name), "%s-wal", s->path);
	log = fopen(name, "r");
	assert_non_null(log);
	assert_int_equal(fread(header, sizeof(header), 1, log), 1);
	fclose(log);
	return (unsigned)header[12] << 24 | (unsigned)header[13] << 16 | (unsigned)header[14] << 8 | header[15];
}

static void send_until_the_log_begins_anew(const struct scratch *s)
{
	unsigned before = generation(s);

	for (int i = 0; generation(s) == before; i++) {
		assert_true(i < MAX_SENDS);
		scratch_send(s->handle, s->john, s->mary, content);
	}
}

static void the_log_begins_anew_beside_sends(void **state)
{
	struct scratch *s = *state;

	if (s->is_postgres)
		skip();
	scratch_send(s->handle, s->john, s->mary, content);
	send_until_the_log_begins_anew(s);
}

/* Its view of the file would be lost. */
static void a_reader_keeps_the_log(void **state)
{
	struct scratch *s = *state;
	sqlite3 *reader;
	unsigned before;

	if (s->is_postgres)
		skip();
	scratch_send(s->handle, s->john, s->mary, content);
	assert_int_equal(sqlite3_open(s->path, &reader), SQLITE_OK);
	assert_int_equal(sqlite3_exec(reader, "BEGIN; SELECT 1 FROM sqlite_master", NULL, NULL, NULL), SQLITE_OK);
	before = generation(s);
	for (int i = 0; i < 110; i++)
		scratch_send(s->handle, s->john, s->mary, content);
	assert_int_equal(generation(s), before);
	sqlite3_close(reader);
	send_until_the_log_begins_anew(s);
}

static void what_was_not_flushed_is_in_the_log(void **state)
{
	struct scratch *s = *state;
	struct dm_options options = unlimited;
	struct dm_error why = {0};
	struct dm_message message;
	int64_t sent = 0, unread;

	if (s->is_postgres)
		skip();
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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(the_log_begins_anew_beside_sends, setup, scratch_teardown),
		cmocka_unit_test_setup_teardown(a_reader_keeps_the_log, setup, scratch_teardown),
		cmocka_unit_test_setup_teardown(what_was_not_flushed_is_in_the_log, setup, scratch_teardown),
	};

	memset(content, 'x', CONTENT_LENGTH);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
