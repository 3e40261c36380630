/* SPDX-License-Identifier: MIT */
/* test_library_backup.c - the public API: backups of a database that is open, restoring them, a new epoch. */
#include "scratch.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static int setup(void **state)
{
	static const struct dm_options recording = {.size = sizeof(recording), .record_events = true};
	struct scratch *scratch = malloc(sizeof(*scratch));

	assert_non_null(scratch);
	scratch_make(scratch);
	scratch_open(scratch, &recording);
	*state = scratch;
	return 0;
}

struct watched {
	int calls, end_after;
	int64_t done, all;
};

static bool watch(void *context, int64_t done, int64_t all)
{
	struct watched *watched = context;

	assert_true(done >= watched->done && done <= all);
	watched->done = done;
	watched->all = all;
	return ++watched->calls != watched->end_after;
}

static void name_backup(const struct scratch *s, char name[static 192])
{
	snprintf(name, 192, "%s/backup.db", s->folder);
}

static void a_copy_and_the_way_back(void **state)
{
	struct scratch *s = *state;
	struct watched watched = {0};
	char name[192];
	struct dm_backup backup = {
		.size = sizeof(backup), .file = name, .check = true, .on_progress = watch, .context = &watched};
	struct dm_restore restore = {.size = sizeof(restore), .database = s->url, .file = name};
	struct dm_options options = DM_OPTIONS_INIT;
	struct dm_error error = {0};
	char *kept = NULL;
	int64_t bytes = 0;

	name_backup(s, name);
	scratch_send(s->handle, s->john, s->mary, "in both");
	if (s->is_postgres) {
		assert_int_equal(dm_backup(s->handle, &backup, &bytes, &error), DM_INVALID);
		assert_non_null(strstr(error.message, "pg_dump"));
		assert_int_equal(dm_restore(&restore, &kept, &error), DM_INVALID);
		assert_non_null(strstr(error.message, "pg_restore"));
		return;
	}
	assert_ok(dm_backup(s->handle, &backup, &bytes, &error));
	assert_true(watched.calls > 0 && watched.done == watched.all && bytes == watched.all);
	assert_int_equal(dm_backup(s->handle, &backup, &bytes, &error), DM_EXISTS);
	assert_int_equal(bytes, 0);
	backup.replace = true;
	assert_ok(dm_backup(s->handle, &backup, NULL, NULL));
	scratch_send(s->handle, s->john, s->mary, "lost");
	assert_int_equal(dm_restore(&restore, &kept, &error), DM_BUSY); /* this process has it open, too */
	assert_null(kept);
	dm_close(s->handle);
	s->handle = NULL;
	assert_ok(dm_restore(&restore, &kept, &error));
	assert_non_null(kept);
	assert_int_equal(access(kept, F_OK), 0);
	unlink(kept);
	free(kept);
	options.database = s->url;
	assert_ok(dm_open(&options, &s->handle, &error));
	assert_int_equal(scratch_number(s, "SELECT count(*) FROM directmessages_message"), 1);
	unlink(name);
}

static void copying_is_ended_by_its_caller(void **state)
{
	struct scratch *s = *state;
	struct watched watched = {.end_after = 1};
	char name[192], partial[208];
	const struct dm_backup backup = {
		.size = sizeof(backup), .file = name, .on_progress = watch, .context = &watched};

	name_backup(s, name);
	snprintf(partial, sizeof(partial), "%s.partial", name);
	if (s->is_postgres)
		return;
	assert_int_equal(dm_backup(s->handle, &backup, NULL, NULL), DM_BUSY);
	assert_true(access(name, F_OK) != 0 && access(partial, F_OK) != 0);
}

static void what_has_no_name(void **state)
{
	struct scratch *s = *state;
	const struct dm_backup none = DM_BACKUP_INIT, empty = {.size = sizeof(empty), .file = ""};
	const struct dm_restore nothing = DM_RESTORE_INIT,
				elsewhere = {.size = sizeof(elsewhere), .database = "x:", .file = "y"};
	char *kept = (char *)1;

	assert_int_equal(dm_backup(s->handle, &none, NULL, NULL), DM_INVALID);
	assert_int_equal(dm_backup(s->handle, &empty, NULL, NULL), DM_INVALID);
	assert_int_equal(dm_backup(s->handle, NULL, NULL, NULL), DM_INVALID);
	assert_int_equal(dm_backup(NULL, &none, NULL, NULL), DM_INVALID);
	assert_int_equal(dm_restore(NULL, NULL, NULL), DM_INVALID);
	assert_int_equal(dm_restore(&nothing, &kept, NULL), DM_INVALID);
	assert_null(kept);
	assert_int_equal(dm_restore(&elsewhere, NULL, NULL), DM_INVALID);
}

static void a_new_epoch(void **state)
{
	struct scratch *s = *state;
	struct dm_event_position before, after;

	assert_ok(dm_events_newest(s->handle, &before, NULL));
	assert_ok(dm_events_new_epoch(s->handle, NULL));
	assert_ok(dm_events_newest(s->handle, &after, NULL));
	assert_int_equal(before.id, after.id);
	assert_true(before.mark != after.mark);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(function) cmocka_unit_test_setup_teardown(function, setup, scratch_teardown)
		TEST(a_copy_and_the_way_back),
		TEST(copying_is_ended_by_its_caller),
		TEST(what_has_no_name),
		TEST(a_new_epoch),
	};

	return RUN_TESTS("library_backup", tests);
}
