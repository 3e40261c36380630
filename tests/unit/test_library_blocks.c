/* SPDX-License-Identifier: MIT */
/* test_library_blocks.c - the calls of blocks.h. */
#include "scratch.h"

static bool list_blocked(void *context, const struct dm_blocked *blocked)
{
	struct listed *listed = context;

	assert_true(blocked->blocked_at > 0);
	listed->ids[listed->count++] = blocked->user.id;
	return true;
}

static enum dm_status try_to_send(const struct scratch *s, int64_t sender, int64_t recipient, const char *sentence)
{
	struct dm_error error = {0};
	struct dm_message sent;
	enum dm_status status = dm_send(s->handle, sender, recipient, DM_TEXT("x"), &sent, &error);

	if (status == DM_NOT_ALLOWED)
		assert_string_equal(error.message, sentence);
	return status;
}

static void neither_sends_to_the_other(void **state)
{
	struct scratch *s = *state;

	assert_ok(dm_block(s->handle, s->john, s->mary, NULL));
	assert_int_equal(try_to_send(s, s->john, s->mary, "You have blocked this user."), DM_NOT_ALLOWED);
	assert_int_equal(try_to_send(s, s->mary, s->john, "You are not allowed to message this user."), DM_NOT_ALLOWED);
	assert_ok(try_to_send(s, s->mary, s->bob, ""));
	assert_ok(dm_send_unrestricted(s->handle, s->mary, s->john, DM_TEXT("x"), NULL, NULL));
	assert_ok(dm_unblock(s->handle, s->john, s->mary, NULL));
	assert_ok(dm_unblock(s->handle, s->john, s->mary, NULL));
	assert_ok(try_to_send(s, s->mary, s->john, ""));
}

static void they_are_listed_newest_first(void **state)
{
	struct scratch *s = *state;
	struct listed listed = {0};

	assert_ok(dm_block(s->handle, s->john, s->mary, NULL));
	assert_ok(dm_block(s->handle, s->john, s->bob, NULL));
	assert_ok(dm_block(s->handle, s->john, s->mary, NULL));
	assert_ok(dm_block(s->handle, s->mary, s->john, NULL));
	assert_ok(dm_blocks(s->handle, s->john, list_blocked, &listed, NULL));
	assert_listed(listed, s->bob, s->mary);
}

static void what_is_refused(void **state)
{
	struct scratch *s = *state;

	assert_int_equal(dm_block(s->handle, s->john, s->john, NULL), DM_SELF);
	assert_int_equal(dm_unblock(s->handle, s->john, s->john, NULL), DM_SELF);
	assert_int_equal(dm_block(s->handle, s->john, 999, NULL), DM_NOT_FOUND);
	assert_int_equal(dm_block(s->handle, 999, s->john, NULL), DM_NOT_FOUND);
	assert_int_equal(dm_blocks(s->handle, s->john, NULL, NULL, NULL), DM_INVALID);
}

static bool count_message(void *context, const struct dm_message *message)
{
	(void)message;
	++*(int *)context;
	return true;
}

static void messages_of_blocked_users_are_not_unread(void **state)
{
	struct dm_conversation_options options = DM_CONVERSATION_OPTIONS_INIT;
	struct scratch *s = *state;
	int64_t count;
	int rows = 0;

	scratch_send(s->handle, s->mary, s->john, "from mary");
	scratch_send(s->handle, s->bob, s->john, "from bob");
	assert_ok(dm_block(s->handle, s->john, s->mary, NULL));
	assert_ok(dm_unread_count(s->handle, s->john, &count, NULL));
	assert_int_equal(count, 1);
	assert_ok(dm_unread_messages(s->handle, s->john, count_message, &rows, NULL));
	assert_int_equal(rows, 1);
	options.mark_read = true;
	assert_ok(dm_conversation(s->handle, s->john, s->mary, &options, count_message, &rows, NULL));
	assert_int_equal(rows, 2);
	assert_ok(dm_unblock(s->handle, s->john, s->mary, NULL));
	assert_ok(dm_unread_count(s->handle, s->john, &count, NULL));
	assert_int_equal(count, 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(neither_sends_to_the_other, scratch_setup, scratch_teardown),
		cmocka_unit_test_setup_teardown(they_are_listed_newest_first, scratch_setup, scratch_teardown),
		cmocka_unit_test_setup_teardown(what_is_refused, scratch_setup, scratch_teardown),
		cmocka_unit_test_setup_teardown(messages_of_blocked_users_are_not_unread, scratch_setup,
						scratch_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
