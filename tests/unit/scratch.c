/* SPDX-License-Identifier: MIT */
/* scratch.c - a database for one test. */
#include "scratch.h"
#include "scratch_postgres.h"

#include <dirent.h>
#include <sqlite3.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

/* Of the monotonic clock. */
static int64_t milliseconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

void scratch_make(struct scratch *scratch)
{
	const char *parent = getenv("TMPDIR");

	*scratch =
		(struct scratch){.is_postgres = getenv("DIRECTMESSAGES_TEST_POSTGRES") != NULL, .short_timeout_ms = 20};
	if (scratch->is_postgres) {
		scratch_postgres_create(scratch->database, sizeof(scratch->database), false);
		snprintf(scratch->url, sizeof(scratch->url), "%s%s", getenv("DIRECTMESSAGES_TEST_POSTGRES"),
			 scratch->database);
		scratch->short_timeout_ms = 4000; /* a quarter is for the queue, and for locks */
		return;
	}
	snprintf(scratch->folder, sizeof(scratch->folder), "%.80s/directmessages-unit-XXXXXX",
		 parent ? parent : "/tmp");
	assert_non_null(mkdtemp(scratch->folder));
	snprintf(scratch->path, sizeof(scratch->path), "%s/test.db", scratch->folder);
	snprintf(scratch->url, sizeof(scratch->url), "sqlite:///%s", scratch->path);
}

void scratch_open(struct scratch *scratch, const struct dm_options *options)
{
	struct dm_options chosen = options ? *options : (struct dm_options)DM_OPTIONS_INIT;

	if (scratch->is_postgres) { /* copying a database is quicker than migrating one */
		scratch_postgres_drop(scratch->database);
		scratch_postgres_create(scratch->database, sizeof(scratch->database), true);
		snprintf(scratch->url, sizeof(scratch->url), "%s%s", getenv("DIRECTMESSAGES_TEST_POSTGRES"),
			 scratch->database);
	}
	chosen.database = scratch->url;
	chosen.create = true;
	if (chosen.busy_timeout_ms == 0)
		chosen.busy_timeout_ms = SCRATCH_TIMEOUT_MS;
	assert_ok(dm_open(&chosen, &scratch->handle, NULL));
	assert_ok(dm_migrate(scratch->handle, NULL, NULL, NULL, NULL));
	scratch->john = scratch_user(scratch->handle, "john");
	scratch->mary = scratch_user(scratch->handle, "mary");
	scratch->bob = scratch_user(scratch->handle, "bob");
}

void scratch_reopen(struct scratch *scratch, int timeout_ms)
{
	const struct dm_options options = {
		.size = sizeof(options), .database = scratch->url, .busy_timeout_ms = timeout_ms, .lanes = 2};
	int64_t until = milliseconds() + SCRATCH_TIMEOUT_MS, count;

	dm_close(scratch->handle);
	assert_ok(dm_open(&options, &scratch->handle, NULL));
	while (dm_user_set_active(scratch->handle, text_of("bob"), true, NULL) != DM_OK ||
	       dm_unread_count(scratch->handle, scratch->bob, &count, NULL) != DM_OK)
		assert_true(milliseconds() < until);
}

void scratch_remove(struct scratch *scratch)
{
	struct dirent *entry;
	DIR *folder;

	dm_close(scratch->handle);
	if (scratch->is_postgres) {
		scratch_postgres_drop(scratch->database);
		return;
	}
	folder = opendir(scratch->folder);
	assert_non_null(folder);
	while ((entry = readdir(folder)))
		if (entry->d_name[0] != '.')
			unlinkat(dirfd(folder), entry->d_name, 0);
	closedir(folder);
	assert_int_equal(rmdir(scratch->folder), 0);
}

static int set_up(void **state, const struct dm_options *options)
{
	struct scratch *scratch = malloc(sizeof(*scratch));

	assert_non_null(scratch);
	scratch_make(scratch);
	scratch_open(scratch, options);
	*state = scratch;
	return 0;
}

int scratch_setup(void **state)
{
	return set_up(state, NULL);
}

int scratch_setup_recording(void **state)
{
	const struct dm_options options = {.size = sizeof(options), .record_events = true};

	return set_up(state, &options);
}

int scratch_teardown(void **state)
{
	scratch_remove(*state);
	free(*state);
	return 0;
}

static int64_t run_sql(const struct scratch *scratch, const char *sql, sqlite3_callback callback)
{
	int64_t number = 0;
	char *why = NULL;
	sqlite3 *db;

	assert_int_equal(sqlite3_open(scratch->path, &db), SQLITE_OK);
	sqlite3_busy_timeout(db, SCRATCH_TIMEOUT_MS);
	if (sqlite3_exec(db, sql, callback, &number, &why) != SQLITE_OK)
		fail_msg("%s: %s", sql, why);
	assert_int_equal(sqlite3_close(db), SQLITE_OK);
	return number;
}

void scratch_sql(const struct scratch *scratch, const char *sql)
{
	if (scratch->is_postgres)
		scratch_postgres_run(scratch->database, sql);
	else
		run_sql(scratch, sql, NULL);
}

static int copy_number(void *number, int columns, char **values, char **names)
{
	(void)columns;
	(void)names;
	*(int64_t *)number = strtoll(values[0], NULL, 10);
	return 0;
}

int64_t scratch_number(const struct scratch *scratch, const char *sql)
{
	return scratch->is_postgres ? scratch_postgres_run(scratch->database, sql) : run_sql(scratch, sql, copy_number);
}

void scratch_settle(const struct scratch *scratch)
{
	int64_t until = milliseconds() + SCRATCH_TIMEOUT_MS, next;
	char sql[128];

	if (!scratch->is_postgres)
		return;
	next = scratch_number(scratch, "SELECT pg_snapshot_xmax(pg_current_snapshot())");
	snprintf(sql, sizeof(sql), "SELECT (pg_snapshot_xmin(pg_current_snapshot()) < '%lld'::xid8)::int",
		 (long long)next);
	while (scratch_number(scratch, sql)) {
		assert_true(milliseconds() < until);
		nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
	}
}

void *scratch_lock(const struct scratch *scratch)
{
	sqlite3 *other;

	if (scratch->is_postgres)
		return scratch_postgres_lock(scratch->database, "LOCK TABLE directmessages_message IN EXCLUSIVE MODE");
	assert_int_equal(sqlite3_open(scratch->path, &other), SQLITE_OK);
	sqlite3_busy_timeout(other, SCRATCH_TIMEOUT_MS);
	assert_int_equal(sqlite3_exec(other, "BEGIN IMMEDIATE", NULL, NULL, NULL), SQLITE_OK);
	return other;
}

void *scratch_lock_as_send(const struct scratch *scratch)
{
	return scratch_postgres_lock(scratch->database, "LOCK TABLE directmessages_block IN ACCESS SHARE MODE;"
							"LOCK TABLE directmessages_message IN ROW EXCLUSIVE MODE");
}

void scratch_unlock(const struct scratch *scratch, void *lock)
{
	if (scratch->is_postgres)
		scratch_postgres_unlock(lock);
	else
		assert_int_equal(sqlite3_close(lock), SQLITE_OK);
}

int64_t scratch_user(dm *handle, const char *name)
{
	struct dm_new_user user = {.size = sizeof(user), .username = text_of(name)};
	int64_t id = 0;

	assert_ok(dm_user_create(handle, &user, &id, NULL));
	return id;
}

int64_t scratch_send(dm *handle, int64_t sender_id, int64_t recipient_id, const char *content)
{
	int64_t until = milliseconds() + SCRATCH_TIMEOUT_MS;
	struct dm_message sent = {0};
	enum dm_status status;

	do
		status = dm_send(handle, sender_id, recipient_id, text_of(content), &sent, NULL);
	while (status == DM_BUSY && milliseconds() < until);
	assert_int_equal(status, DM_OK);
	return sent.id;
}

static bool add_id(struct listed *listed, int64_t id)
{
	assert_in_range(listed->count, 0, sizeof(listed->ids) / sizeof(listed->ids[0]) - 1);
	listed->ids[listed->count++] = id;
	return listed->count != listed->max;
}

bool list_message(void *listed, const struct dm_message *message)
{
	return add_id(listed, message->id);
}

bool list_user(void *listed, const struct dm_user *user)
{
	return add_id(listed, user->id);
}

void check_listed(const struct listed *listed, const int64_t *ids, size_t count, const char *file, int line)
{
	bool same = listed->count == count;

	for (size_t i = 0; same && i < count; i++)
		same = listed->ids[i] == ids[i];
	if (same)
		return;
	for (size_t i = 0; i < listed->count; i++)
		print_error("listed of %lld\n", (long long)listed->ids[i]);
	_fail(file, line);
}
