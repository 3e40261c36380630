/* SPDX-License-Identifier: MIT */
/* test_library_keys.c - the public API on real databases: sends that are repeated with an idempotency key. */
#include "scratch.h"

#include <stdlib.h>

static void count_signal(void *context, enum dm_signal signal, const struct dm_message *message, int64_t from_user,
			 int64_t to)
{
	(void)signal, (void)message, (void)from_user, (void)to;
	++*(int *)context;
}

static void again_gives_the_same_message(void **state)
{
	struct scratch *s = *state;
	struct dm_message first, again;
	bool replayed = true;
	int signals = 0;

	assert_ok(dm_connect(s->handle, DM_MESSAGE_SENT, count_signal, &signals, NULL));
	assert_ok(dm_send_once(s->handle, s->john, s->mary, text_of("x"), "k", &first, &replayed, NULL));
	assert_false(replayed);
	assert_true(first.read_at == DM_UNREAD);
	assert_ok(dm_mark_read(s->handle, first.id, NULL));
	assert_ok(dm_send_once(s->handle, s->john, s->mary, text_of("x"), "k", &again, &replayed, NULL));
	assert_true(replayed);
	assert_true(again.read_at > first.sent_at - 1);
	assert_int_equal(again.id, first.id);
	assert_int_equal(again.sent_at, first.sent_at);
	assert_int_equal(again.sender_id, s->john);
	assert_int_equal(again.recipient_id, s->mary);
	assert_memory_equal(again.content.data, "x", again.content.length);
	assert_ok(dm_send_once(s->handle, s->john, s->mary, text_of("x"), "k", NULL, NULL, NULL));
	assert_int_equal(signals, 1);
	assert_ok(dm_send(s->handle, s->john, s->mary, text_of("x"), NULL, NULL));
	assert_int_equal(scratch_number(s, "SELECT count(*) FROM directmessages_message"), 2);
}

static void another_message_is_refused(void **state)
{
	struct scratch *s = *state;
	struct dm_message sent = {.id = 5};
	bool replayed = true;

	assert_ok(dm_send_once(s->handle, s->john, s->mary, text_of("x"), "k", NULL, NULL, NULL));
	assert_fails(DM_KEY_REUSED,
		     dm_send_once(s->handle, s->john, s->mary, text_of("y"), "k", &sent, &replayed, &error));
	assert_true(sent.id == 0 && !replayed);
	assert_fails(DM_KEY_REUSED, dm_send_once(s->handle, s->john, s->bob, text_of("x"), "k", NULL, NULL, &error));
	assert_ok(dm_send_once(s->handle, s->mary, s->john, text_of("y"), "k", NULL, &replayed, NULL));
	assert_false(replayed);
	scratch_sql(s, "DELETE FROM directmessages_message");
	assert_fails(DM_KEY_GONE, dm_send_once(s->handle, s->john, s->mary, text_of("x"), "k", NULL, NULL, &error));
	assert_string_equal(dm_status_name(DM_KEY_GONE), "DM_KEY_GONE");
	assert_string_equal(dm_status_name(DM_KEY_REUSED), "DM_KEY_REUSED");
}

static void what_fails_uses_no_key(void **state)
{
	struct scratch *s = *state;
	bool replayed = true;

	assert_fails(DM_NOT_FOUND, dm_send_once(s->handle, s->john, 999, text_of("x"), "k", NULL, NULL, &error));
	assert_fails(DM_INVALID, dm_send_once(s->handle, s->john, s->mary, text_of(""), "k", NULL, NULL, &error));
	assert_fails(DM_SELF, dm_send_once(s->handle, s->john, s->john, text_of("x"), "k", NULL, NULL, &error));
	assert_ok(dm_send_once(s->handle, s->john, s->mary, text_of("z"), "k", NULL, &replayed, NULL));
	assert_false(replayed);
}

static void what_is_no_key_is_refused(void **state)
{
	struct scratch *s = *state;
	char longest[256], too_long[257];
	const char *bad[] = {"", "\xC3\xA9", "a\tb", "a\x7F", too_long};

	memset(longest, 'k', sizeof(longest));
	longest[sizeof(longest) - 1] = '\0';
	memset(too_long, 'k', sizeof(too_long));
	too_long[sizeof(too_long) - 1] = '\0';
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_fails(DM_INVALID,
			     dm_send_once(s->handle, s->john, s->mary, text_of("x"), bad[i], NULL, NULL, &error));
	assert_fails(DM_INVALID, dm_send_once(s->handle, s->john, s->mary, text_of("x"), NULL, NULL, NULL, &error));
	assert_ok(dm_send_once(s->handle, s->john, s->mary, text_of("x"), longest, NULL, NULL, NULL));
	assert_ok(dm_send_once(s->handle, s->john, s->mary, text_of("x"), " ~", NULL, NULL, NULL));
	assert_int_equal(scratch_number(s, "SELECT count(*) FROM directmessages_message"), 2);
}

/* Whom the sender may message is asked of new messages alone. */
static void a_replay_passes_the_allow_list(void **state)
{
	struct scratch *s = *state;
	bool replayed = false;

	assert_ok(dm_send_once(s->handle, s->john, s->mary, text_of("x"), "k", NULL, NULL, NULL));
	assert_ok(dm_set_allowed_recipients(s->handle, &s->bob, 1, NULL));
	assert_fails(DM_NOT_ALLOWED, dm_send_once(s->handle, s->john, s->mary, text_of("x"), "l", NULL, NULL, &error));
	assert_ok(dm_send_once(s->handle, s->john, s->mary, text_of("x"), "k", NULL, &replayed, NULL));
	assert_true(replayed);
	assert_fails(DM_KEY_REUSED, dm_send_once(s->handle, s->john, s->mary, text_of("y"), "k", NULL, NULL, &error));
	assert_int_equal(scratch_number(s, "SELECT count(*) FROM directmessages_message"), 1);
}

/* Some user tables have a user -1. */
static void what_is_forbidden_goes_to_nobody(void **state)
{
	static const int64_t ids[] = {-1, 0};
	struct scratch *s = *state;

	for (size_t i = 0; i < sizeof(ids) / sizeof(ids[0]); i++) {
		char sql[128];
		int64_t user = scratch_user(s->handle, i == 0 ? "anonymous" : "zero");

		snprintf(sql, sizeof(sql), "UPDATE auth_user SET id = %d WHERE id = %lld", (int)ids[i],
			 (long long)user);
		scratch_sql(s, sql);
	}
	assert_ok(dm_set_allowed_recipients(s->handle, &s->bob, 1, NULL));
	assert_fails(DM_NOT_ALLOWED, dm_send_once(s->handle, s->john, s->mary, text_of("x"), "k", NULL, NULL, &error));
	assert_int_equal(scratch_number(s, "SELECT count(*) FROM directmessages_message"), 0);
	assert_int_equal(scratch_number(s, "SELECT count(*) FROM directmessages_idempotency_key"), 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, scratch_setup, scratch_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(again_gives_the_same_message),   TEST(another_message_is_refused),
		TEST(what_fails_uses_no_key),         TEST(what_is_no_key_is_refused),
		TEST(a_replay_passes_the_allow_list), TEST(what_is_forbidden_goes_to_nobody),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
