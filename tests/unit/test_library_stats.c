/* SPDX-License-Identifier: MIT */
/* test_library_stats.c - the public API on a real database: the counters, and the name of the database. */
#include "scratch.h"

#include <dirent.h>
#include <time.h>

static uint64_t batches(const struct dm_stats *stats)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < DM_BATCH_CLASSES; i++)
		sum += stats->batches[i];
	return sum;
}

static void writes_are_counted(void **state)
{
	struct scratch *s = *state;
	struct dm_stats before = DM_STATS_INIT, after = DM_STATS_INIT;
	int64_t count;

	dm_stats(s->handle, &before);
	assert_string_equal(before.backend, s->is_postgres ? "postgresql" : "sqlite");
	assert_int_equal(before.lanes, s->is_postgres ? 4 : 1);
	assert_int_equal(before.max_waiting,
			 s->is_postgres ? 2 * 4096 : 4096); /* a queue for reads, a queue for writes */
	assert_int_equal(before.commits, 3);                /* the users */
	scratch_send(s->handle, s->john, s->mary, "x");
	scratch_send(s->handle, s->mary, s->john, "y");
	assert_ok(dm_unread_count(s->handle, s->john, &count, NULL)); /* a read: SQLite runs it without a batch */
	dm_stats(s->handle, &after);
	assert_int_equal(after.operations - before.operations, s->is_postgres ? 3 : 2);
	assert_int_equal(batches(&after) - batches(&before), s->is_postgres ? 3 : 2);
	assert_int_equal(after.batches[0] - before.batches[0], s->is_postgres ? 3 : 2);
	assert_int_equal(after.commits - before.commits, 2);
	assert_int_equal(after.waiting, 0);
	for (size_t i = 0; i <= DM_INTERNAL; i++)
		assert_int_equal(after.failures[i], 0);
}

static void what_rules_and_rows_refuse_is_no_failure_of_the_store(void **state)
{
	struct scratch *s = *state;
	struct dm_stats stats = DM_STATS_INIT;

	assert_fails(DM_SELF, dm_send(s->handle, s->john, s->john, text_of("x"), NULL, &error));
	assert_fails(DM_NOT_FOUND, dm_send(s->handle, s->john, 999, text_of("x"), NULL, &error));
	dm_stats(s->handle, &stats);
	for (size_t i = 0; i <= DM_INTERNAL; i++)
		assert_int_equal(stats.failures[i], 0);
}

static void a_write_that_the_store_refuses_is_a_failure_and_no_commit(void **state)
{
	struct scratch *s = *state;
	struct dm_stats before = DM_STATS_INIT, stats = DM_STATS_INIT;
	void *lock;

	scratch_reopen(s, s->short_timeout_ms);
	dm_stats(s->handle, &before);
	lock = scratch_lock(s);
	assert_fails(DM_BUSY, dm_send(s->handle, s->john, s->mary, text_of("x"), NULL, &error));
	dm_stats(s->handle, &stats);
	assert_int_equal(stats.failures[DM_BUSY] - before.failures[DM_BUSY], 1);
	assert_true(stats.operations - before.operations <= 1); /* 0 if it was refused before the lane ran it */
	assert_int_equal(stats.commits, before.commits);
	scratch_unlock(s, lock);
}

static enum dm_status check_schema(dm *handle)
{
	struct dm_operation operation = {.kind = DM_OP_CHECK_SCHEMA};

	dm_run(handle, &operation);
	assert_int_equal(operation.error.status, operation.status);
	return operation.status;
}

static void the_schema_is_looked_at_again(void **state)
{
	struct scratch *s = *state;
	struct dm_stats stats = DM_STATS_INIT;

	assert_int_equal(check_schema(s->handle), DM_OK);
	scratch_sql(s, "DROP INDEX directmessages_unread");
	assert_int_equal(check_schema(s->handle), DM_SCHEMA);
	assert_ok(dm_migrate(s->handle, NULL, NULL, NULL, NULL));
	assert_int_equal(check_schema(s->handle), DM_OK);
	scratch_sql(s, "INSERT INTO directmessages_schema VALUES (9999, 'later', '2030-01-01 00:00:00')");
	assert_int_equal(check_schema(s->handle), DM_SCHEMA);
	dm_stats(s->handle, &stats);
	assert_int_equal(stats.failures[DM_SCHEMA], 2);
}

/* The primary answers what is to be read there, with the same handle; SQLite has none. */
static void a_host_that_takes_writes_is_no_standby(void **state)
{
	struct scratch *s = *state;
	const struct dm_options options = {.size = sizeof(options),
					   .database = s->url,
					   .read_database = s->url,
					   .busy_timeout_ms = SCRATCH_TIMEOUT_MS};
	struct dm_stats stats = DM_STATS_INIT;
	dm *handle;
	int64_t count;

	if (!s->is_postgres) {
		assert_int_equal(dm_open(&options, &handle, NULL), DM_INVALID);
		return;
	}
	assert_int_equal(dm_open(&options, &handle, NULL), DM_OK);
	for (int64_t i = 1; i <= 3; i++) {
		scratch_send(handle, s->john, s->mary, "x");
		assert_int_equal(dm_unread_count(handle, s->mary, &count, NULL), DM_OK);
		assert_int_equal(count, i);
	}
	dm_stats(handle, &stats);
	assert_int_equal(stats.standby_reads, 0);
	assert_in_range(stats.standby_fallbacks, 3, 100);
	dm_close(handle);
}

static size_t threads(void)
{
	DIR *tasks = opendir("/proc/self/task");
	size_t count = 0;

	assert_non_null(tasks);
	while (readdir(tasks))
		count++;
	closedir(tasks);
	return count;
}

/* A program whose `done` asks for something else. */
struct follower {
	dm *handle;
	struct dm_operation send, count;
	size_t threads; /* it waits until there are so few */
	bool is_done;
};

static void on_counted(struct dm_operation *operation)
{
	((struct follower *)operation->context)->is_done = true;
}

static void on_sent(struct dm_operation *operation)
{
	struct follower *follower = operation->context;

	for (int i = 0; i < 10000 && threads() > follower->threads; i++)
		nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
	dm_submit(follower->handle, &follower->count);
}

/* What reads has ended by then: standbys, and on the primary. */
static void a_read_that_is_submitted_while_it_closes_is_answered(void **state)
{
	struct scratch *s = *state;
	const struct dm_options options = {.size = sizeof(options),
					   .database = s->url,
					   .read_database = s->is_postgres ? s->url : NULL,
					   .busy_timeout_ms = SCRATCH_TIMEOUT_MS,
					   .lanes = 2};
	struct follower follower = {.send = {.kind = DM_OP_SEND, .done = on_sent, .context = &follower},
				    .count = {.kind = DM_OP_UNREAD_COUNT, .done = on_counted, .context = &follower}};

	follower.send.send.sender_id = s->john;
	follower.send.send.recipient_id = follower.count.unread_count.user_id = s->mary;
	follower.send.send.content = text_of("x");
	assert_int_equal(dm_open(&options, &follower.handle, NULL), DM_OK);
	follower.threads = threads() - (s->is_postgres ? 3 : 0);
	dm_submit(follower.handle, &follower.send);
	dm_close(follower.handle);
	assert_int_equal(follower.send.status, DM_OK);
	assert_true(follower.is_done);
	assert_int_equal(follower.count.status, DM_OK);
	assert_int_equal(follower.count.unread_count.count, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(writes_are_counted, scratch_setup, scratch_teardown),
		cmocka_unit_test_setup_teardown(what_rules_and_rows_refuse_is_no_failure_of_the_store, scratch_setup,
						scratch_teardown),
		cmocka_unit_test_setup_teardown(a_write_that_the_store_refuses_is_a_failure_and_no_commit,
						scratch_setup, scratch_teardown),
		cmocka_unit_test_setup_teardown(the_schema_is_looked_at_again, scratch_setup, scratch_teardown),
		cmocka_unit_test_setup_teardown(a_host_that_takes_writes_is_no_standby, scratch_setup,
						scratch_teardown),
		cmocka_unit_test_setup_teardown(a_read_that_is_submitted_while_it_closes_is_answered, scratch_setup,
						scratch_teardown),
	};

	return RUN_TESTS("library_stats", tests);
}
