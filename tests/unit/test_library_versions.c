/* SPDX-License-Identifier: MIT */
/* test_library_versions.c - programs and libraries of different versions work together: structs with a size, layouts
 * that stay, outputs after a failure. */
#include "scratch.h"

#include <stddef.h>

/* The layout of 64-bit machines, which programs are compiled with: never change these numbers. */
#if SIZE_MAX == UINT64_MAX
_Static_assert(sizeof(struct dm_error) == 252 && sizeof(struct dm_text) == 16, "they keep their size");
_Static_assert(sizeof(struct dm_message) == 88 && offsetof(struct dm_message, content) == 40, "it keeps its layout");
_Static_assert(sizeof(struct dm_user) == 112 && offsetof(struct dm_user, is_active) == 72, "it keeps its layout");
_Static_assert(sizeof(struct dm_event_position) == 24 && sizeof(struct dm_outbox) == 56, "they keep their size");
_Static_assert(sizeof(struct dm_page) == 80, "it keeps its size");
_Static_assert(sizeof(struct dm_operation) == 624 && offsetof(struct dm_operation, reserved) == 368,
	       "it keeps its layout");
_Static_assert(sizeof(struct dm_op_authenticate) == 80 &&
		       offsetof(struct dm_op_authenticate, found_recipient_id) == 48 &&
		       offsetof(struct dm_op_authenticate, recipient_name) == 56 &&
		       offsetof(struct dm_op_authenticate, unread) == 76,
	       "it keeps its layout");
_Static_assert(sizeof(struct dm_op_active_user) == 88 && offsetof(struct dm_op_active_user, found_recipient_id) == 56 &&
		       offsetof(struct dm_op_active_user, recipient_name) == 64 &&
		       offsetof(struct dm_op_active_user, unread) == 84,
	       "it keeps its layout");
_Static_assert(offsetof(struct dm_op_send, message) == 32 && offsetof(struct dm_op_send, unrestricted) == 120 &&
		       offsetof(struct dm_op_send, idempotency_key) == 128,
	       "it keeps its layout");
#endif
_Static_assert(DM_OP_AUTHENTICATE == 1 && DM_OP_SEND == 17 && DM_OP_OUTBOX == 36 && DM_OP_ACTIVE_USER == 37,
	       "kinds keep their numbers");
_Static_assert(DM_INTERNAL == 11, "statuses keep their numbers");

/* A caller's struct of a newer header, which has one option more. */
struct newer_options {
	struct dm_options known;
	uint64_t option;
};

static void an_older_program_gives_a_smaller_struct(void **state)
{
	struct scratch *s = *state;
	struct dm_options options = {.size = offsetof(struct dm_options, allowed_recipients),
				     .database = s->url,
				     .allowed_recipients_count = 1, /* not read: a count without an array is refused */
				     .lanes = SIZE_MAX};
	struct dm_conversation_options newest = {.size = offsetof(struct dm_conversation_options, newest_first),
						 .limit = 1,
						 .newest_first = true,
						 .mark_read = true};
	struct listed listed = {0};
	int64_t first, unread;
	dm *handle;

	assert_ok(dm_open(&options, &handle, NULL));
	first = scratch_send(handle, s->john, s->mary, "one");
	scratch_send(handle, s->john, s->mary, "two");
	assert_ok(dm_conversation(handle, s->mary, s->john, &newest, list_message, &listed, NULL));
	assert_listed(listed, first); /* oldest first: that is the default */
	assert_ok(dm_unread_count(handle, s->mary, &unread, NULL));
	assert_int_equal(unread, 2);
	dm_close(handle);
}

static void a_newer_program_may_set_what_this_library_knows(void **state)
{
	struct scratch *s = *state;
	struct newer_options options = {.known = {.size = sizeof(options), .database = s->url}};
	struct dm_error error = {0};
	dm *handle;

	assert_ok(dm_open(&options.known, &handle, NULL));
	dm_close(handle);
	options.option = 1;
	assert_int_equal(dm_open(&options.known, &handle, &error), DM_INVALID);
	assert_null(handle);
	assert_non_null(strstr(error.message, "dm_options"));
	assert_non_null(strstr(error.message, "newer library"));
}

static void sizes_that_cannot_be_are_refused(void **state)
{
	static const size_t sizes[] = {0, sizeof(size_t) - 1, 1 << 20, SIZE_MAX};
	struct scratch *s = *state;
	dm *handle;

	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		const struct dm_options options = {.size = sizes[i], .database = s->url};
		const struct dm_user_table users = {.size = sizes[i]};
		const struct dm_options of_users = {.size = sizeof(of_users), .database = s->url, .user_table = &users};
		const struct dm_new_user user = {.size = sizes[i], .username = text_of("x")};
		const struct dm_new_webhook webhook = {.size = sizes[i], .url = text_of("http://a/")};
		const struct dm_conversation_options wanted = {.size = sizes[i]};
		struct listed listed = {0};

		assert_fails(DM_INVALID, dm_open(&options, &handle, &error));
		assert_fails(DM_INVALID, dm_open(&of_users, &handle, &error));
		assert_fails(DM_INVALID, dm_user_create(s->handle, &user, NULL, &error));
		assert_fails(DM_INVALID, dm_webhook_create(s->handle, &webhook, NULL, &error));
		assert_fails(DM_INVALID,
			     dm_conversation(s->handle, s->mary, s->john, &wanted, list_message, &listed, &error));
	}
}

static void numbers_fill_what_the_caller_has_and_no_more(void **state)
{
	struct scratch *s = *state;
	struct {
		struct dm_stats stats;
		uint64_t newer;
	} large = {.stats = {.size = sizeof(large)}, .newer = 7};
	struct dm_stats small = {.size = offsetof(struct dm_stats, lanes), .lanes = 99}, none = {.lanes = 99},
			unset = {.size = SIZE_MAX, .lanes = 99};

	dm_stats(s->handle, &small);
	assert_non_null(small.backend);
	assert_int_equal(small.lanes, 99);
	dm_stats(s->handle, &large.stats);
	assert_string_equal(large.stats.backend, small.backend);
	assert_in_range(large.stats.lanes, 1, 100);
	assert_int_equal(large.newer, 0);
	dm_stats(s->handle, &none);
	assert_int_equal(none.lanes, 99);
	dm_stats(s->handle, &unset);
	assert_int_equal(unset.lanes, 99);
}

/* ---- outputs after a failure --------------------------------------------------------------------------------- */

static bool list_nothing(void *context, const struct dm_event *event)
{
	(void)context, (void)event;
	return false;
}

static void outputs_are_zero_after_a_failure(void **state)
{
	struct scratch *s = *state;
	struct dm_message sent = {.id = 7};
	struct dm_event_position position = {1, 2, 3};
	char key[DM_TOKEN_LENGTH + 1] = "key", *text = key;
	int64_t id = 7;
	size_t length = 7;

	assert_fails(DM_SELF, dm_send(s->handle, s->john, s->john, text_of("x"), &sent, &error));
	assert_int_equal(sent.id, 0);
	assert_fails(DM_EXISTS, dm_user_create(s->handle,
					       &(struct dm_new_user){.size = sizeof(struct dm_new_user),
								     .username = text_of("john")},
					       &id, &error));
	assert_int_equal(id, 0);
	id = 7;
	assert_fails(DM_NOT_FOUND, dm_user_id_by_name(s->handle, text_of("nobody"), &id, &error));
	assert_int_equal(id, 0);
	assert_fails(DM_NOT_FOUND, dm_token_create(s->handle, text_of("nobody"), false, key, &error));
	assert_int_equal(key[0], '\0');
	assert_fails(DM_NOT_FOUND, dm_read_message(s->handle, 99, &text, &length, &error));
	assert_null(text);
	assert_int_equal(length, 0);
	id = 7;
	assert_fails(DM_NOT_FOUND, dm_events(s->handle, 0, &position, 0, &id, list_nothing, NULL, &error));
	assert_int_equal(id, 0);
	assert_int_equal(position.id, 2); /* a position that a call moves stays where it was */
}

static void results_of_an_operation_are_zero_after_a_failure(void **state)
{
	struct scratch *s = *state;
	struct dm_operation send = {.kind = DM_OP_SEND,
				    .send = {.sender_id = s->john, .recipient_id = 99, .content = text_of("x")}};

	send.send.message.id = 7;
	dm_run(s->handle, &send);
	assert_int_equal(send.status, DM_NOT_FOUND);
	assert_int_equal(send.send.message.id, 0);
	assert_int_equal(send.send.recipient_id, 99); /* arguments stay */
	send.send.message.id = 7;
	dm_run(NULL, &send);
	assert_int_equal(send.status, DM_INVALID);
	assert_int_equal(send.send.message.id, 0);
}

/* ---- names --------------------------------------------------------------------------------------------------- */

static void texts_and_statuses_have_short_ways(void **state)
{
	struct scratch *s = *state;
	int64_t id = 0;

	assert_bytes(DM_TEXT("a\0b"), "a\0b", 3);
	assert_bytes(dm_text_of("abc"), "abc", 3);
	assert_null(dm_text_of(NULL).data);
	assert_ok(dm_user_id_by_name(s->handle, DM_TEXT("mary"), &id, NULL));
	assert_int_equal(id, s->mary);
	assert_ok(dm_user_id_by_name(s->handle, DM_TEXT("mary"), NULL, NULL));
	assert_string_equal(dm_status_name(DM_OK), "DM_OK");
	assert_string_equal(dm_status_name(DM_INTERNAL), "DM_INTERNAL");
	assert_string_equal(dm_status_name((enum dm_status)99), "unknown status");
	assert_string_equal(dm_status_name((enum dm_status) - 1), "unknown status");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(function) cmocka_unit_test_setup_teardown(function, scratch_setup, scratch_teardown)
		TEST(an_older_program_gives_a_smaller_struct), TEST(a_newer_program_may_set_what_this_library_knows),
		TEST(sizes_that_cannot_be_are_refused),        TEST(numbers_fill_what_the_caller_has_and_no_more),
		TEST(outputs_are_zero_after_a_failure),        TEST(results_of_an_operation_are_zero_after_a_failure),
		TEST(texts_and_statuses_have_short_ways),
	};

	return RUN_TESTS("library_versions", tests);
}
