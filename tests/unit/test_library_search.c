/* SPDX-License-Identifier: MIT */
/* test_library_search.c - the public API on real databases: messages as they are stored, and all of one user. */
#include "scratch.h"

#include <stdlib.h>

#define MESSAGES 450 /* more than a piece */

/* ---- messages as they are stored ----------------------------------------------------------------------------- */

static bool list_stored(void *listed, const struct dm_stored_message *stored)
{
	return list_message(listed, &stored->message);
}

static bool keep_stored(void *context, const struct dm_stored_message *stored)
{
	struct dm_stored_message *kept = context;

	*kept = *stored;
	assert_true(stored->sender_username.length == 4 && memcmp(stored->sender_username.data, "john", 4) == 0);
	assert_true(stored->recipient_username.length == 4 && memcmp(stored->recipient_username.data, "mary", 4) == 0);
	return false;
}

static struct listed find(const struct scratch *s, struct dm_message_search search)
{
	struct listed listed = {0};

	search.size = sizeof(search);
	assert_ok(dm_messages_find(s->handle, &search, list_stored, &listed, NULL));
	return listed;
}

static void finding_shows_hidden_messages_newest_first(void **state)
{
	struct scratch *s = *state;
	int64_t one = scratch_send(s->handle, s->john, s->mary, "1"),
		two = scratch_send(s->handle, s->mary, s->john, "2"),
		three = scratch_send(s->handle, s->mary, s->bob, "3"),
		four = scratch_send(s->handle, s->john, s->mary, "4");
	struct dm_stored_message stored;
	struct listed listed = {0};

	assert_ok(dm_hide_message(s->handle, s->john, one, NULL));
	assert_ok(dm_hide_message(s->handle, s->john, two, NULL));
	assert_ok(dm_hide_message(s->handle, s->mary, two, NULL));
	assert_ok(dm_messages_find(s->handle, NULL, list_stored, &listed, NULL));
	assert_listed(listed, four, three, two, one);
	listed = find(s, (struct dm_message_search){.limit = 3});
	assert_listed(listed, four, three, two);
	listed = find(s, (struct dm_message_search){.user_id = s->john});
	assert_listed(listed, four, two, one);
	listed = find(s, (struct dm_message_search){.user_id = s->mary, .partner_id = s->john});
	assert_listed(listed, four, two, one);
	listed = find(s, (struct dm_message_search){.user_id = s->john, .partner_id = s->bob});
	assert_int_equal(listed.count, 0);
	assert_ok(dm_messages_find(s->handle,
				   &(struct dm_message_search){.size = sizeof(struct dm_message_search),
							       .user_id = s->john,
							       .partner_id = s->mary},
				   keep_stored, &stored, NULL));
	assert_int_equal(stored.message.id, four);
	assert_true(stored.hidden_for_sender == DM_VISIBLE && stored.hidden_for_recipient == DM_VISIBLE);
	assert_ok(dm_message_delete(s->handle, four, NULL));
	assert_ok(dm_message_delete(s->handle, two, NULL));
	assert_ok(dm_message_delete(s->handle, three, NULL));
	assert_ok(dm_messages_find(s->handle, NULL, keep_stored, &stored, NULL));
	assert_int_equal(stored.message.id, one);
	assert_true(stored.hidden_for_sender >= stored.message.sent_at);
	assert_true(stored.hidden_for_recipient == DM_VISIBLE);
	assert_fails(DM_NOT_FOUND, dm_message_delete(s->handle, four, &error));
	assert_fails(DM_INVALID, dm_messages_find(s->handle,
						  &(struct dm_message_search){.size = sizeof(struct dm_message_search),
									      .partner_id = s->john},
						  list_stored, &listed, &error));
}

static void since_and_until_bound_each_search(void **state)
{
	struct scratch *s = *state;
	int64_t ids[6], partners[] = {0, s->mary};

	for (size_t i = 0; i < 6; i++) /* one in three is hidden for its sender */
		ids[i] = scratch_send(s->handle, i % 2 ? s->mary : s->john, i % 2 ? s->john : s->mary, "x");
	assert_ok(dm_hide_message(s->handle, s->john, ids[2], NULL));
	assert_ok(dm_hide_message(s->handle, s->mary, ids[3], NULL));
	for (int user = 0; user < 2; user++)
		for (size_t i = 0; i < 2; i++) {
			struct dm_message_search search = {.user_id = user || i ? s->john : 0,
							   .partner_id = partners[i]};
			struct listed listed;

			search.since = scratch_time_of(s, ids[1]);
			search.until = scratch_time_of(s, ids[4]);
			listed = find(s, search);
			assert_listed(listed, ids[3], ids[2], ids[1]);
			search.since = 0;
			listed = find(s, search);
			assert_listed(listed, ids[3], ids[2], ids[1], ids[0]);
			search.until = 0;
			search.since = scratch_time_of(s, ids[4]);
			listed = find(s, search);
			assert_listed(listed, ids[5], ids[4]);
		}
}

static bool count_stored(void *count, const struct dm_stored_message *stored)
{
	(void)stored;
	++*(int64_t *)count;
	return true;
}

/* Every page goes on where the one before ended, also one that ends by bytes or by the row function. */
static void pages_go_on_where_the_last_one_ended(void **state)
{
	struct scratch *s = *state;
	const struct dm_op_messages_find searches[] = {
		{.limit = 7},
		{.limit = 7, .user_id = s->mary},
		{.limit = 7, .user_id = s->john, .partner_id = s->mary},
		{.limit = 50, .max_bytes = 33, .user_id = s->john, .partner_id = s->mary},
		{.max_bytes = 33},
		{.max_bytes = 1, .user_id = s->john},
	};

	scratch_send_many(s, s->john, s->mary, 40);
	scratch_send_many(s, s->mary, s->john, 30);
	scratch_sql(s, "UPDATE directmessages_message SET hidden_for_sender = sent_at WHERE id % 3 = 0");
	for (size_t i = 0; i < sizeof(searches) / sizeof(searches[0]); i++) {
		struct listed listed = {0};
		struct dm_operation page = {
			.kind = DM_OP_MESSAGES_FIND, .context = &listed, .messages_find = searches[i]};
		size_t pages = 0, before;

		page.messages_find.on_message = list_stored;
		do {
			before = listed.count;
			page.messages_find.has_position = page.messages_find.more;
			page.messages_find.position = page.messages_find.next_position;
			page.messages_find.row_id = page.messages_find.next_row_id;
			dm_run(s->handle, &page);
			assert_int_equal(page.status, DM_OK);
			assert_in_range(listed.count - before, 0, 7); /* 33 bytes of five each */
			pages++;
		} while (page.messages_find.more);
		assert_int_equal(listed.count, 70);
		assert_in_range(pages, 10, 71);
		for (size_t row = 1; row < listed.count; row++)
			assert_true(listed.ids[row] < listed.ids[row - 1]);
	}
}

static void a_page_of_everybodys_looks_at_a_thousand(void **state)
{
	struct scratch *s = *state;
	int64_t count = 0, first = scratch_send(s->handle, s->john, s->mary, "first");
	struct dm_operation page = {
		.kind = DM_OP_MESSAGES_FIND, .context = &count, .messages_find = {.on_message = count_stored}};

	scratch_send_many(s, s->bob, s->mary, 1200);
	page.messages_find.until = scratch_time_of(s, first) + 1;
	dm_run(s->handle, &page);
	assert_int_equal(page.status, DM_OK);
	assert_int_equal(count, 0);
	assert_true(page.messages_find.more);
	page.messages_find.has_position = true;
	page.messages_find.position = page.messages_find.next_position;
	page.messages_find.row_id = page.messages_find.next_row_id;
	dm_run(s->handle, &page);
	assert_int_equal(count, 1);
	assert_false(page.messages_find.more);
	/* What is older than the limit by more than an hour is not looked at. */
	scratch_sql(s, s->is_postgres ? "UPDATE directmessages_message SET sent_at = sent_at - interval '2 hours'"
				      : "UPDATE directmessages_message SET sent_at = datetime(sent_at, '-2 hours')");
	page.messages_find = (struct dm_op_messages_find){.on_message = count_stored,
							  .since = scratch_time_of(s, first) + 3 * INT64_C(3600000000)};
	dm_run(s->handle, &page);
	assert_int_equal(page.status, DM_OK);
	assert_false(page.messages_find.more);
	assert_int_equal(count, 1);
}

/* ---- one person's data --------------------------------------------------------------------------------------- */

static bool mark_seen(void *seen, const struct dm_stored_message *stored)
{
	((int *)seen)[stored->message.id]++;
	return true;
}

static void all_messages_of_a_user_come_once(void **state)
{
	struct scratch *s = *state;
	int *seen = calloc(4 * MESSAGES, sizeof(*seen));
	struct listed listed = {.max = 3};
	struct dm_operation walk = {.kind = DM_OP_USER_MESSAGES,
				    .context = seen,
				    .user_messages = {.user_id = s->john, .limit = 50, .on_message = mark_seen}};
	size_t pieces = 0;

	assert_non_null(seen);
	scratch_send_many(s, s->john, s->mary, MESSAGES);
	scratch_send_many(s, s->bob, s->john, MESSAGES);
	scratch_send_many(s, s->bob, s->mary, 10);
	scratch_sql(s, "UPDATE directmessages_message SET hidden_for_sender = sent_at WHERE id % 3 = 0");
	scratch_sql(s, "UPDATE directmessages_message SET hidden_for_recipient = sent_at WHERE id % 4 = 0");
	for (int round = 1; round <= 2; round++) { /* the same operation, once more */
		do {
			dm_run(s->handle, &walk);
			assert_int_equal(walk.status, DM_OK);
			pieces++;
		} while (walk.user_messages.more);
		assert_in_range(pieces, 18 * round, 24 * round);
		for (size_t id = 1; id <= 2 * MESSAGES + 10; id++)
			assert_int_equal(seen[id], id <= 2 * MESSAGES ? round : 0);
	}
	assert_ok(dm_user_messages(s->handle, s->john, mark_seen, seen, NULL));
	assert_int_equal(seen[1], 3);
	assert_int_equal(seen[2 * MESSAGES], 3);
	assert_ok(dm_user_messages(s->handle, s->john, list_stored, &listed, NULL));
	assert_int_equal(listed.count, 3);
	free(seen);
}

/* ---- sending ------------------------------------------------------------------------------------------------- */

static void an_administrators_message_passes_the_allow_list(void **state)
{
	struct scratch *s = *state;
	int64_t allowed[] = {s->bob};
	struct dm_options options = DM_OPTIONS_INIT;
	struct dm_message sent;
	dm *handle;

	options.database = s->url;
	options.allowed_recipients = allowed;
	options.allowed_recipients_count = 1;
	options.busy_timeout_ms = SCRATCH_TIMEOUT_MS;
	assert_ok(dm_open(&options, &handle, NULL));
	assert_fails(DM_NOT_ALLOWED, dm_send(handle, s->john, s->mary, text_of("x"), NULL, &error));
	assert_ok(dm_send_unrestricted(handle, s->john, s->mary, text_of("x"), &sent, NULL));
	assert_true(sent.id > 0);
	assert_fails(DM_SELF, dm_send_unrestricted(handle, s->john, s->john, text_of("x"), NULL, &error));
	assert_fails(DM_INVALID, dm_send_unrestricted(handle, s->john, s->mary, text_of(""), NULL, &error));
	assert_fails(DM_NOT_FOUND, dm_send_unrestricted(handle, s->john, 99999, text_of("x"), NULL, &error));
	dm_close(handle);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, scratch_setup, scratch_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(finding_shows_hidden_messages_newest_first), TEST(since_and_until_bound_each_search),
		TEST(pages_go_on_where_the_last_one_ended),       TEST(a_page_of_everybodys_looks_at_a_thousand),
		TEST(all_messages_of_a_user_come_once),           TEST(an_administrators_message_passes_the_allow_list),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
