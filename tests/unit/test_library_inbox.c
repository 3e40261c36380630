/* SPDX-License-Identifier: MIT */
/* test_library_inbox.c - the public API on real databases: the inbox, with a thread that folds and without. */
#include "scratch.h"

#include <time.h>

struct entries {
	size_t count, max;
	struct {
		int64_t partner, message, unread;
		size_t length;
		bool is_cut;
	} rows[512];
};

static bool list_entry(void *context, const struct dm_inbox_entry *entry)
{
	struct entries *entries = context;

	assert_true(entries->count < 512);
	entries->rows[entries->count].partner = entry->partner.id;
	entries->rows[entries->count].message = entry->has_message ? entry->message.id : 0;
	entries->rows[entries->count].unread = entry->unread;
	entries->rows[entries->count].length = entry->message.content.length;
	entries->rows[entries->count++].is_cut = entry->content_is_cut;
	assert_true(entry->partner.username.length > 0);
	return entries->count != entries->max;
}

static struct entries inbox(const struct scratch *s, int64_t user_id, struct dm_inbox_options options)
{
	struct entries entries = {0};

	options.size = sizeof(options);
	assert_ok(dm_inbox(s->handle, user_id, &options, list_entry, &entries, NULL));
	return entries;
}

/* So many rows are in the table then. PostgreSQL folds what all older transactions of the cluster have left behind. */
static void fold_all(const struct scratch *s, int64_t rows)
{
	struct dm_operation fold = {.kind = DM_OP_INBOX_FOLD};

	for (int i = 0; i < 6000 && scratch_number(s, "SELECT count(*) FROM directmessages_inbox") < rows; i++) {
		dm_run(s->handle, &fold);
		assert_int_equal(fold.status, DM_OK);
		if (!fold.inbox_fold.more)
			nanosleep(&(struct timespec){.tv_nsec = 10000000}, NULL);
	}
	assert_int_equal(scratch_number(s, "SELECT count(*) FROM directmessages_inbox"), rows);
}

static void the_newest_conversation_comes_first(void **state)
{
	struct scratch *s = *state;
	int64_t one = scratch_send(s->handle, s->john, s->mary, "h\xC3\xA9llo"),
		two = scratch_send(s->handle, s->bob, s->john, "2");
	struct entries entries = {0};

	assert_ok(dm_inbox(s->handle, s->john, NULL, list_entry, &entries, NULL));
	assert_int_equal(entries.count, 2);
	assert_true(entries.rows[0].partner == s->bob && entries.rows[0].message == two);
	assert_true(entries.rows[1].partner == s->mary && entries.rows[1].message == one);
	assert_true(entries.rows[0].unread == 1 && entries.rows[1].unread == 0);
	assert_true(entries.rows[0].length == 0 && entries.rows[0].is_cut); /* no preview was wanted */
	entries = inbox(s, s->john, (struct dm_inbox_options){.max_preview = 2});
	assert_true(entries.rows[0].length == 1 && !entries.rows[0].is_cut);
	assert_true(entries.rows[1].length == 3 && entries.rows[1].is_cut);
	entries = inbox(s, s->john, (struct dm_inbox_options){.unread_only = true});
	assert_true(entries.count == 1 && entries.rows[0].partner == s->bob);
	entries = inbox(s, s->john, (struct dm_inbox_options){.limit = 1});
	assert_int_equal(entries.count, 1);
	entries = inbox(
		s, s->john,
		(struct dm_inbox_options){.has_position = true, .position = scratch_time_of(s, two), .row_id = two});
	assert_true(entries.count == 1 && entries.rows[0].partner == s->mary);
}

static void hidden_and_deleted_messages_leave_the_order_right(void **state)
{
	struct scratch *s = *state;
	int64_t one = scratch_send(s->handle, s->john, s->mary, "1"),
		two = scratch_send(s->handle, s->bob, s->john, "2"),
		three = scratch_send(s->handle, s->mary, s->john, "3");
	struct entries entries;

	fold_all(s, 4);
	assert_ok(dm_hide_message(s->handle, s->john, three, NULL));
	entries = inbox(s, s->john, (struct dm_inbox_options){.limit = 0});
	assert_true(entries.count == 2 && entries.rows[0].message == two && entries.rows[1].message == one);
	assert_ok(dm_message_delete(s->handle, two, NULL));
	entries = inbox(s, s->john, (struct dm_inbox_options){.limit = 0});
	assert_true(entries.count == 1 && entries.rows[0].message == one);
	entries = inbox(s, s->mary, (struct dm_inbox_options){.limit = 0});
	assert_true(entries.count == 1 && entries.rows[0].message == three);
}

static void one_entry_is_there_whatever_was_exchanged(void **state)
{
	struct scratch *s = *state;
	struct entries entries = {0};

	assert_ok(dm_inbox_entry(s->handle, s->john, s->mary, 10, list_entry, &entries, NULL));
	assert_true(entries.count == 1 && entries.rows[0].partner == s->mary && entries.rows[0].message == 0);
	assert_fails(DM_NOT_FOUND, dm_inbox_entry(s->handle, s->john, 99999, 10, list_entry, &entries, &error));
	assert_fails(DM_NOT_FOUND, dm_inbox_entry(s->handle, s->john, 0, 10, list_entry, &entries, &error));
	assert_fails(DM_INVALID,
		     dm_inbox_entry(s->handle, s->john, s->mary, DM_MAX_PREVIEW + 1, list_entry, &entries, &error));
	assert_fails(DM_INVALID, dm_inbox(s->handle, s->john, NULL, NULL, NULL, &error));
}

/* More than is merged: it is folded first. */
static void much_that_was_stored_without_the_library_is_there(void **state)
{
	struct scratch *s = *state;
	struct entries entries;

	scratch_send_many(s, s->john, s->mary, 3000);
	scratch_sql(s, s->is_postgres ? "UPDATE directmessages_inbox_fold SET folded = 0, checkpoint = 0"
				      : "UPDATE directmessages_inbox_fold SET folded = 0, mark_at = NULL");
	entries = inbox(s, s->mary, (struct dm_inbox_options){.max_preview = 10});
	assert_true(entries.count == 1 && entries.rows[0].partner == s->john && entries.rows[0].unread == 3000);
}

#define PARTNERS 8

/* The id of the message tells them apart, on each page. */
static void conversations_of_the_same_moment_are_each_shown_once(void **state)
{
	struct scratch *s = *state;
	struct dm_inbox_options options = {.limit = 1};
	int64_t ids[PARTNERS], at;
	struct entries entries;

	for (int i = 0; i < PARTNERS; i++) {
		char name[16];

		snprintf(name, sizeof(name), "partner%d", i);
		ids[i] = scratch_send(s->handle, s->john, scratch_user(s->handle, name), "x");
	}
	fold_all(s, 2 * (int64_t)PARTNERS);
	scratch_sql(s, "UPDATE directmessages_message SET sent_at = '2026-01-01 00:00:00'");
	scratch_sql(s, "UPDATE directmessages_inbox SET last_at = '2026-01-01 00:00:00'");
	scratch_sql(s, s->is_postgres ? "SELECT 1"
				      : "UPDATE directmessages_inbox_fold SET mark_at = '2026-01-01 00:00:00'");
	at = scratch_time_of(s, ids[0]);
	for (int i = PARTNERS - 1; i >= 0; i--) {
		entries = inbox(s, s->john, options);
		assert_int_equal(entries.count, 1);
		assert_int_equal(entries.rows[0].message, ids[i]);
		options.has_position = true;
		options.position = at;
		options.row_id = ids[i];
	}
	assert_int_equal(inbox(s, s->john, options).count, 0);
}

#define MANY 4000  /* more than a page walks over */
#define UNREAD 600 /* more than are listed instead; behind all others */

struct unread_entries {
	int64_t count, last;
	bool in_order;
};

static bool count_entry(void *context, const struct dm_inbox_entry *entry)
{
	struct unread_entries *entries = context;

	entries->in_order &= entry->unread == 1 && entry->message.sent_at < entries->last;
	entries->last = entry->message.sent_at;
	entries->count++;
	return true;
}

/* Pages without an entry come first, and say where the next one begins. */
static void what_is_unread_is_found_behind_very_many_conversations(void **state)
{
	struct scratch *s = *state;
	struct unread_entries entries = {.last = INT64_MAX, .in_order = true};
	const struct dm_inbox_options wanted = {.size = sizeof(wanted), .unread_only = true};
	const char *time = s->is_postgres ? "to_timestamp(1767225600 + i)" : "datetime(1767225600 + i, 'unixepoch')";
	char sql[600];

	snprintf(sql, sizeof(sql),
		 "WITH RECURSIVE n (i) AS (SELECT 1000 UNION ALL SELECT i + 1 FROM n WHERE i < 999 + %d)"
		 " INSERT INTO auth_user (id, password, is_superuser, username, last_name, email, is_staff, is_active,"
		 " date_joined, first_name) SELECT i, '!', false, 'p' || i, '', '', false, true, %s, '' FROM n",
		 MANY, time);
	scratch_sql(s, sql);
	snprintf(sql, sizeof(sql),
		 "WITH RECURSIVE n (i) AS (SELECT 1000 UNION ALL SELECT i + 1 FROM n WHERE i < 999 + %d)"
		 " INSERT INTO directmessages_message (content, sent_at, read_at, recipient_id, sender_id)"
		 " SELECT 'x', %s, CASE WHEN i >= 1000 + %d THEN %s END, %lld, i FROM n",
		 MANY, time, UNREAD, time, (long long)s->john);
	scratch_sql(s, sql);
	fold_all(s, 2 * (int64_t)MANY);
	assert_ok(dm_inbox(s->handle, s->john, &wanted, count_entry, &entries, NULL));
	assert_int_equal(entries.count, UNREAD);
	assert_true(entries.in_order);
}

static void a_thread_folds_what_others_store(void **state)
{
	struct scratch *s = *state;
	struct dm_options options = DM_OPTIONS_INIT;
	dm *handle;

	options.database = s->url;
	options.fold_inbox = true;
	options.busy_timeout_ms = SCRATCH_TIMEOUT_MS;
	assert_ok(dm_open(&options, &handle, NULL));
	scratch_send(s->handle, s->john, s->mary, "1");
	for (int i = 0; i < 600 && scratch_number(s, "SELECT count(*) FROM directmessages_inbox") < 2; i++)
		nanosleep(&(struct timespec){.tv_nsec = 100000000}, NULL);
	assert_int_equal(scratch_number(s, "SELECT count(*) FROM directmessages_inbox"), 2);
	dm_close(handle);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, scratch_setup, scratch_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(the_newest_conversation_comes_first),
		TEST(hidden_and_deleted_messages_leave_the_order_right),
		TEST(one_entry_is_there_whatever_was_exchanged),
		TEST(much_that_was_stored_without_the_library_is_there),
		TEST(conversations_of_the_same_moment_are_each_shown_once),
		TEST(what_is_unread_is_found_behind_very_many_conversations),
		TEST(a_thread_folds_what_others_store),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
