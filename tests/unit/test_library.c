/* SPDX-License-Identifier: MIT */
/* test_library.c - the public API on a real database: opening, the schema, and messages. */
#include "scratch.h"

#include <sqlite3.h>
#include <stdlib.h>
#include <unistd.h>

/* ---- open, schema, close ------------------------------------------------------------------------------------- */

static void urls_that_name_no_database_are_invalid(void **state)
{
	static const char *const urls[] = {
		"", "x", "mysql://localhost/x", "sqlite:", "sqlite://", "sqlite:///", "sqlite://relative"};
	dm *handle;

	(void)state;
	for (size_t i = 0; i < sizeof(urls) / sizeof(urls[0]); i++) {
		struct dm_options options = {.size = sizeof(options), .database = urls[i], .create = true};

		handle = (dm *)&options;
		assert_fails(DM_INVALID, dm_open(&options, &handle, &error));
		assert_null(handle);
		assert_int_equal(dm_open(&options, &handle, NULL), DM_INVALID);
	}
}

static void an_error_that_was_used_before_tells_of_the_newest_failure(void **state)
{
	struct dm_options options = {.size = sizeof(options), .database = "mysql://localhost/x"};
	struct dm_error error;
	dm *handle;

	(void)state;
	memset(&error, 0x7F, sizeof(error));
	assert_int_equal(dm_open(&options, &handle, &error), DM_INVALID);
	assert_int_equal(error.status, DM_INVALID);
	options.database = "sqlite:////nowhere/at/all.db";
	assert_int_equal(dm_open(&options, &handle, &error), DM_UNAVAILABLE);
	assert_int_equal(error.status, DM_UNAVAILABLE);
	assert_non_null(strstr(error.message, "/nowhere/at/all.db"));
}

static void what_is_no_database_is_unavailable(void **state)
{
	struct scratch scratch;
	struct dm_options options = {.size = sizeof(options), .create = false};
	FILE *file;
	dm *handle;

	(void)state;
	scratch_make(&scratch);
	if (scratch.is_postgres) {
		scratch_remove(&scratch);
		skip();
	}
	options.database = scratch.url;
	assert_fails(DM_UNAVAILABLE, dm_open(&options, &handle, &error));
	assert_int_equal(access(scratch.path, F_OK), -1);
	file = fopen(scratch.path, "w");
	assert_non_null(file);
	for (size_t i = 0; i < 1000; i++)
		fputs("this is no database ", file);
	fclose(file);
	assert_fails(DM_UNAVAILABLE, dm_open(&options, &handle, &error));
	options.create = true;
	assert_fails(DM_UNAVAILABLE, dm_open(&options, &handle, &error));
	snprintf(scratch.url, sizeof(scratch.url), "sqlite:///%s", scratch.folder);
	assert_fails(DM_UNAVAILABLE, dm_open(&options, &handle, &error));
	dm_close(NULL);
	scratch_remove(&scratch);
}

static void a_locked_database_is_busy(void **state)
{
	struct scratch *scratch = *state;
	void *lock;

	scratch_reopen(scratch, scratch->short_timeout_ms);
	lock = scratch_lock(scratch);
	assert_fails(DM_BUSY, dm_send(scratch->handle, scratch->john, scratch->mary, text_of("x"), NULL, &error));
	scratch_unlock(scratch, lock);
	scratch_send(scratch->handle, scratch->john, scratch->mary, "x");
}

static void a_file_that_others_hold_for_themselves_is_busy(void **state)
{
	struct scratch *scratch = *state;
	struct dm_options options = {.size = sizeof(options), .database = scratch->url, .busy_timeout_ms = 20};
	sqlite3 *other;
	dm *handle;

	if (scratch->is_postgres)
		skip();
	dm_close(scratch->handle);
	scratch->handle = NULL;
	assert_int_equal(sqlite3_open(scratch->path, &other), SQLITE_OK);
	assert_int_equal(sqlite3_exec(other, "PRAGMA journal_mode=DELETE; BEGIN EXCLUSIVE", NULL, NULL, NULL),
			 SQLITE_OK);
	assert_fails(DM_BUSY, dm_open(&options, &handle, &error));
	assert_int_equal(sqlite3_close(other), SQLITE_OK);
}

static void count_step(void *context, int number, const char *name)
{
	int *last = context;

	assert_int_equal(number, *last + 1);
	assert_true(strlen(name) > 0);
	*last = number;
}

static void the_schema_is_made_once_and_must_not_be_newer(void **state)
{
	struct scratch scratch;
	struct dm_options options = {.size = sizeof(options), .create = true, .busy_timeout_ms = SCRATCH_TIMEOUT_MS};
	int last = 0, again = 0;

	(void)state;
	scratch_make(&scratch);
	options.database = scratch.url;
	assert_ok(dm_open(&options, &scratch.handle, NULL));
	assert_fails(DM_SCHEMA, dm_check_schema(scratch.handle, &error));
	assert_fails(DM_SCHEMA, dm_send(scratch.handle, 1, 2, text_of("x"), NULL, &error));
	assert_fails(DM_SCHEMA, dm_users(scratch.handle, list_user, NULL, &error));
	assert_ok(dm_migrate(scratch.handle, count_step, NULL, &last, NULL));
	assert_true(last > 0);
	assert_ok(dm_check_schema(scratch.handle, NULL));
	assert_ok(dm_migrate(scratch.handle, count_step, NULL, &again, NULL));
	assert_int_equal(again, 0);
	scratch_sql(&scratch, "INSERT INTO directmessages_schema VALUES (9999, 'later', '2030-01-01 00:00:00')");
	assert_fails(DM_SCHEMA, dm_check_schema(scratch.handle, &error));
	assert_fails(DM_SCHEMA, dm_migrate(scratch.handle, count_step, NULL, &again, &error));
	assert_int_equal(dm_check_schema(scratch.handle, NULL), DM_SCHEMA);
	scratch_remove(&scratch);
}

static void the_version_has_three_numbers(void **state)
{
	int major, minor, patch, end = 0;

	(void)state;
	assert_int_equal(sscanf(dm_version(), "%d.%d.%d%n", &major, &minor, &patch, &end), 3);
	assert_int_equal(end, strlen(dm_version()));
}

/* ---- messages ------------------------------------------------------------------------------------------------ */

static bool check_fields(void *context, const struct dm_message *message)
{
	const struct dm_message *wanted = context;

	assert_int_equal(message->id, wanted->id);
	assert_int_equal(message->sender_id, wanted->sender_id);
	assert_int_equal(message->recipient_id, wanted->recipient_id);
	assert_true(message->sent_at == wanted->sent_at && message->read_at == wanted->read_at);
	assert_bytes(message->content, wanted->content.data, wanted->content.length);
	return true;
}

static void a_sent_message_is_stored_as_told(void **state)
{
	struct scratch *s = *state;
	struct dm_text content = text_of("Gr\xc3\xbc\xc3\x9f dich \xf0\x9f\x98\x80");
	struct dm_message first, second;

	assert_ok(dm_send(s->handle, s->john, s->mary, content, &first, NULL));
	assert_ok(dm_send(s->handle, s->mary, s->john, text_of("y"), &second, NULL));
	assert_int_equal(first.sender_id, s->john);
	assert_int_equal(first.recipient_id, s->mary);
	assert_true(first.read_at == DM_UNREAD);
	assert_ptr_equal(first.content.data, content.data);
	assert_true(second.id > first.id && second.sent_at > first.sent_at);
	assert_ok(dm_unread_messages(s->handle, s->mary, check_fields, &first, NULL));
	assert_ok(dm_all_messages(s->handle, s->john, 1, check_fields, &second, NULL));
}

static void what_may_not_be_sent_is_not(void **state)
{
	const struct {
		enum dm_status status;
		int64_t sender, recipient;
		struct dm_text content;
	} refused[] = {
		{DM_INVALID, 1, 2, {NULL, 0}},    {DM_INVALID, 1, 2, {"", 0}},      {DM_INVALID, 1, 2, {"\xff", 1}},
		{DM_INVALID, 1, 2, {"a\0b", 3}},  {DM_INVALID, 1, 2, {"abcde", 5}}, {DM_SELF, 1, 1, {"x", 1}},
		{DM_NOT_ALLOWED, 1, 3, {"x", 1}}, {DM_NOT_FOUND, 2, 99, {"x", 1}},  {DM_NOT_FOUND, 99, 2, {"x", 1}},
	};
	int64_t allowed[] = {2};
	struct dm_options options = {.size = sizeof(options),
				     .allowed_recipients = allowed,
				     .allowed_recipients_count = 1,
				     .max_content_length = 4};
	struct scratch scratch;

	(void)state;
	scratch_make(&scratch);
	scratch_open(&scratch, &options);
	allowed[0] = 3; /* dm_open has copied it */
	for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++) {
		assert_fails(refused[i].status, dm_send(scratch.handle, refused[i].sender, refused[i].recipient,
							refused[i].content, NULL, &error));
		assert_int_equal(dm_send(scratch.handle, refused[i].sender, refused[i].recipient, refused[i].content,
					 NULL, NULL),
				 refused[i].status);
	}
	assert_int_equal(scratch_number(&scratch, "SELECT count(*) FROM directmessages_message"), 0);
	scratch_send(scratch.handle, 1, 2, "\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4");
	scratch_send(scratch.handle, 2, 3, "x");
	scratch_remove(&scratch);
}

static void the_allowed_recipients_can_be_replaced(void **state)
{
	struct scratch *s = *state;
	int64_t allowed[] = {s->mary, 99};

	assert_ok(dm_send(s->handle, s->john, s->mary, text_of("x"), NULL, NULL));
	allowed[0] = 98;
	assert_ok(dm_set_allowed_recipients(s->handle, allowed, 2, NULL));
	assert_int_equal(dm_send(s->handle, s->john, s->mary, text_of("x"), NULL, NULL), DM_NOT_ALLOWED);
	allowed[0] = s->mary; /* they were copied */
	assert_int_equal(dm_send(s->handle, s->john, s->mary, text_of("x"), NULL, NULL), DM_NOT_ALLOWED);
	assert_fails(DM_INVALID, dm_set_allowed_recipients(s->handle, NULL, 1, &error));
	assert_fails(DM_INVALID, dm_set_allowed_recipients(NULL, allowed, 1, &error));
	assert_int_equal(dm_send(s->handle, s->john, s->mary, text_of("x"), NULL, NULL), DM_NOT_ALLOWED);
	assert_ok(dm_set_allowed_recipients(s->handle, allowed, 1, NULL));
	assert_ok(dm_send(s->handle, s->john, s->mary, text_of("x"), NULL, NULL));
	assert_ok(dm_set_allowed_recipients(s->handle, NULL, 0, NULL));
	assert_ok(dm_send(s->handle, s->mary, s->john, text_of("x"), NULL, NULL));
}

static void content_has_a_limit_unless_none_is_wanted(void **state)
{
	const struct dm_options options[] = {DM_OPTIONS_INIT,
					     {.size = sizeof(options[1]), .max_content_length = DM_CONTENT_UNLIMITED}};
	const enum dm_status longer[] = {DM_INVALID, DM_OK};
	static char letters[65537];
	struct scratch scratch;

	(void)state;
	memset(letters, 'x', sizeof(letters));
	for (size_t i = 0; i < 2; i++) {
		scratch_make(&scratch);
		scratch_open(&scratch, &options[i]);
		assert_ok(dm_send(scratch.handle, 1, 2, (struct dm_text){letters, 65536}, NULL, NULL));
		assert_int_equal(dm_send(scratch.handle, 1, 2, (struct dm_text){letters, 65537}, NULL, NULL),
				 longer[i]);
		scratch_remove(&scratch);
	}
}

static bool check_unread(void *context, const struct dm_unread *unread)
{
	int64_t *pairs = context;

	assert_int_equal(unread->partner_id, pairs[1 + 2 * pairs[0]]);
	assert_int_equal(unread->count, pairs[2 + 2 * pairs[0]]);
	assert_string(unread->partner_username, unread->partner_id == 1 ? "john" : "bob");
	pairs[0]++;
	return true;
}

static void unread_messages_are_listed_and_counted(void **state)
{
	struct scratch *s = *state;
	int64_t a = scratch_send(s->handle, s->john, s->mary, "a"), b = scratch_send(s->handle, s->bob, s->mary, "b");
	int64_t c = scratch_send(s->handle, s->john, s->mary, "c"), d = scratch_send(s->handle, s->mary, s->john, "d");
	int64_t counts[] = {0, s->john, 2, s->bob, 1}, count = -1;
	struct listed all = {0}, some = {.max = 2}, rest = {0};

	assert_ok(dm_unread_messages(s->handle, s->mary, list_message, &all, NULL));
	assert_listed(all, a, b, c);
	assert_ok(dm_unread_messages(s->handle, s->mary, list_message, &some, NULL));
	assert_listed(some, a, b);
	assert_ok(dm_unread_count(s->handle, s->mary, &count, NULL));
	assert_int_equal(count, 3);
	assert_ok(dm_unread_by_partner(s->handle, s->mary, check_unread, counts, NULL));
	assert_int_equal(counts[0], 2);
	assert_ok(dm_mark_read(s->handle, a, NULL));
	assert_ok(dm_mark_read(s->handle, a, NULL));
	assert_ok(dm_hide_message(s->handle, s->mary, b, NULL));
	assert_fails(DM_NOT_FOUND, dm_mark_read(s->handle, d + 1, &error));
	assert_int_equal(dm_mark_read(s->handle, d + 1, NULL), DM_NOT_FOUND);
	assert_ok(dm_unread_messages(s->handle, s->mary, list_message, &rest, NULL));
	assert_listed(rest, c);
	assert_ok(dm_unread_count(s->handle, 99, &count, NULL));
	assert_int_equal(count, 0);
}

static void a_message_is_read_by_its_id(void **state)
{
	struct scratch *s = *state;
	int64_t id = scratch_send(s->handle, s->john, s->mary, "Hello"), count = -1;
	char *text = NULL;
	size_t length = 0;

	scratch_sql(s, "UPDATE auth_user SET email = 'john@example.org' WHERE id = 1");
	assert_ok(dm_read_message(s->handle, id, &text, &length, NULL));
	assert_int_equal(length, 5);
	assert_string_equal(text, "Hello");
	free(text);
	assert_ok(dm_unread_count(s->handle, s->mary, &count, NULL));
	assert_int_equal(count, 0);
	assert_ok(dm_read_message_formatted(s->handle, id, &text, &length, NULL));
	assert_string_equal(text, "john@example.org: Hello");
	assert_int_equal(length, strlen(text));
	free(text);
	assert_fails(DM_NOT_FOUND, dm_read_message(s->handle, id + 1, &text, &length, &error));
	assert_fails(DM_NOT_FOUND, dm_read_message_formatted(s->handle, id + 1, &text, &length, &error));
	assert_int_equal(dm_read_message(s->handle, id + 1, &text, &length, NULL), DM_NOT_FOUND);
}

static bool must_be_read(void *context, const struct dm_message *message)
{
	const struct scratch *s = context;

	assert_int_equal(message->read_at != DM_UNREAD, message->recipient_id == s->mary);
	return true;
}

static void conversations_are_listed_in_either_order(void **state)
{
	struct scratch *s = *state;
	int64_t a = scratch_send(s->handle, s->john, s->mary, "a"), b = scratch_send(s->handle, s->mary, s->john, "b");
	int64_t c = scratch_send(s->handle, s->john, s->mary, "c"), d = scratch_send(s->handle, s->bob, s->mary, "d");
	struct dm_conversation_options newest = {.size = sizeof(newest), .limit = 2, .newest_first = true},
				       mark = {.size = sizeof(mark), .limit = 1, .mark_read = true};
	struct listed oldest = {0}, two = {0}, one = {0}, stranger = {0}, partners = {0}, alone = {0};
	int64_t count;

	assert_ok(dm_conversation(s->handle, s->mary, s->john, NULL, list_message, &oldest, NULL));
	assert_listed(oldest, a, b, c);
	assert_ok(dm_conversation(s->handle, s->mary, s->john, &newest, list_message, &two, NULL));
	assert_listed(two, c, b);
	assert_ok(dm_conversation(s->handle, s->mary, s->john, &mark, list_message, &one, NULL));
	assert_listed(one, a);
	assert_ok(dm_conversation(s->handle, s->mary, s->john, NULL, must_be_read, s, NULL));
	assert_ok(dm_unread_count(s->handle, s->mary, &count, NULL));
	assert_int_equal(count, 1);
	assert_ok(dm_conversation(s->handle, s->mary, 99, &mark, list_message, &stranger, NULL));
	assert_int_equal(stranger.count, 0);
	assert_ok(dm_conversations(s->handle, s->mary, list_user, &partners, NULL));
	assert_listed(partners, s->bob, s->john);
	assert_ok(dm_hide_message(s->handle, s->mary, d, NULL));
	assert_ok(dm_conversations(s->handle, s->mary, list_user, &alone, NULL));
	assert_listed(alone, s->john);
}

static void a_deleted_message_is_hidden_from_one_side(void **state)
{
	struct scratch *s = *state;
	int64_t id = scratch_send(s->handle, s->john, s->mary, "a");
	struct listed mary = {0}, john = {0}, all = {0}, nobody = {0};

	assert_fails(DM_NOT_FOUND, dm_hide_message(s->handle, s->bob, id, &error));
	assert_fails(DM_NOT_FOUND, dm_hide_message(s->handle, s->mary, id + 1, &error));
	assert_int_equal(dm_hide_message(s->handle, s->bob, id, NULL), DM_NOT_FOUND);
	assert_ok(dm_hide_message(s->handle, s->mary, id, NULL));
	assert_ok(dm_hide_message(s->handle, s->mary, id, NULL));
	assert_ok(dm_conversation(s->handle, s->mary, s->john, NULL, list_message, &mary, NULL));
	assert_int_equal(mary.count, 0);
	assert_ok(dm_conversation(s->handle, s->john, s->mary, NULL, list_message, &john, NULL));
	assert_listed(john, id);
	assert_ok(dm_hide_message(s->handle, s->john, id, NULL));
	assert_ok(dm_all_messages(s->handle, 0, 0, list_message, &all, NULL));
	assert_listed(all, id);
	assert_ok(dm_all_messages(s->handle, s->bob, 0, list_message, &nobody, NULL));
	assert_int_equal(nobody.count, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(urls_that_name_no_database_are_invalid),
		cmocka_unit_test(an_error_that_was_used_before_tells_of_the_newest_failure),
		cmocka_unit_test(what_is_no_database_is_unavailable),
		cmocka_unit_test_setup_teardown(a_locked_database_is_busy, scratch_setup, scratch_teardown),
		cmocka_unit_test_setup_teardown(a_file_that_others_hold_for_themselves_is_busy, scratch_setup,
						scratch_teardown),
		cmocka_unit_test(the_schema_is_made_once_and_must_not_be_newer),
		cmocka_unit_test(the_version_has_three_numbers),
		cmocka_unit_test_setup_teardown(a_sent_message_is_stored_as_told, scratch_setup, scratch_teardown),
		cmocka_unit_test_setup_teardown(the_allowed_recipients_can_be_replaced, scratch_setup,
						scratch_teardown),
		cmocka_unit_test(what_may_not_be_sent_is_not),
		cmocka_unit_test(content_has_a_limit_unless_none_is_wanted),
		cmocka_unit_test_setup_teardown(unread_messages_are_listed_and_counted, scratch_setup,
						scratch_teardown),
		cmocka_unit_test_setup_teardown(a_message_is_read_by_its_id, scratch_setup, scratch_teardown),
		cmocka_unit_test_setup_teardown(conversations_are_listed_in_either_order, scratch_setup,
						scratch_teardown),
		cmocka_unit_test_setup_teardown(a_deleted_message_is_hidden_from_one_side, scratch_setup,
						scratch_teardown),
	};

	return RUN_TESTS("library", tests);
}
