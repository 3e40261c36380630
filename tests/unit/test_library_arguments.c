/* SPDX-License-Identifier: MIT */
/* test_library_arguments.c - wrong arguments are refused, or find nothing, and never crash; the same on both stores. */
#include "scratch.h"

#include <limits.h>
#include <stdlib.h>
#include <time.h>

#define SECRET "whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYX"
#define LAST_KIND (DM_OPERATION_KINDS - 1)

static int setup(void **state)
{
	const struct dm_options options = {.size = sizeof(options), .record_events = true};
	struct scratch *scratch = malloc(sizeof(*scratch));

	assert_non_null(scratch);
	scratch_make(scratch);
	scratch_open(scratch, &options);
	*state = scratch;
	return 0;
}

static void count_done(struct dm_operation *operation)
{
	++*(int *)operation->context;
}

static void kinds_that_are_none(void **state)
{
	struct scratch *s = *state;
	const int kinds[] = {-1, INT_MIN, INT_MAX, LAST_KIND + 1, 1000};

	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		int done = 0;
		struct dm_operation operation = {
			.kind = (enum dm_operation_kind)kinds[i], .done = count_done, .context = &done};

		dm_run(s->handle, &operation);
		assert_int_equal(operation.status, DM_INVALID);
		assert_string_equal(operation.error.message,
				    "there is no such kind of operation; give a dm_operation_kind");
		dm_submit(s->handle, &operation);
		assert_int_equal(operation.status, DM_INVALID);
		assert_int_equal(done, 2);
	}
}

/* Kinds that do not need any argument: with zeros alone they are not DM_INVALID. */
static bool needs_nothing(enum dm_operation_kind kind)
{
	/* clang-format off */
	static const enum dm_operation_kind fine[] = {
		DM_OP_AUTHENTICATE, DM_OP_USER_BY_ID, DM_OP_USER_BY_NAME, DM_OP_UNREAD_COUNT,
		DM_OP_EVENTS_TRIM, DM_OP_EVENTS_NEWEST, DM_OP_TICKET_CREATE, DM_OP_TICKET_REDEEM,
		DM_OP_MARK_READ, DM_OP_USER_SET_ACTIVE, DM_OP_TOKEN_CREATE, DM_OP_TOKEN_REVOKE,
		DM_OP_HIDE, DM_OP_CHECK_SCHEMA, DM_OP_MARK_CONVERSATION_READ, DM_OP_OUTBOX,
		DM_OP_WEBHOOK_DELETE, DM_OP_WEBHOOK_ENABLE, DM_OP_WEBHOOK_UPDATE, DM_OP_DELIVERIES_REQUEUE,
		DM_OP_DELIVERY_RESULT, DM_OP_DELIVERIES_TRIM, DM_OP_DELIVERY_REQUEUE, DM_OP_ACTIVE_USER,
		DM_OP_MESSAGE_DELETE, DM_OP_BLOCK, DM_OP_UNBLOCK, DM_OP_USER_ERASE,
		DM_OP_USER_PUT, DM_OP_USER_DELETE, DM_OP_EVENTS_NEW_EPOCH, DM_OP_INBOX_FOLD,
		DM_OP_INBOX_MEND, DM_OP_MARK_ALL_READ, DM_OP_MARK_UNREAD, DM_OP_HIDE_CONVERSATION,
	};
	/* clang-format on */

	for (size_t i = 0; i < sizeof(fine) / sizeof(fine[0]); i++)
		if (fine[i] == kind)
			return true;
	return false;
}

static void operations_without_what_they_need(void **state)
{
	struct scratch *s = *state;

	for (int kind = 0; kind <= LAST_KIND; kind++) {
		struct dm_operation operation = {.kind = (enum dm_operation_kind)kind};

		dm_run(s->handle, &operation);
		if ((operation.status == DM_INVALID) == needs_nothing(operation.kind))
			fail_msg("kind %d: status %d, %s", kind, operation.status, operation.error.message);
		if (kind == DM_OP_DELIVERY_RESULT)
			operation.delivery_result.outcome = (enum dm_delivery_outcome)99;
		dm_run(s->handle, &operation);
		assert_true(operation.status == DM_OK || operation.status == DM_INVALID ||
			    operation.status == DM_NOT_FOUND || operation.status == DM_SELF);
		dm_run(NULL, &operation);
		assert_int_equal(operation.status, DM_INVALID);
	}
	dm_run(s->handle, NULL);
	dm_submit(s->handle, NULL);
}

static void texts_without_bytes(void **state)
{
	struct scratch *s = *state;
	const struct dm_text none = {NULL, 5}, endless = {"x", SIZE_MAX};
	const size_t size = sizeof(struct dm_new_user);
	const struct dm_new_user users[] = {{.size = size, .username = none},
					    {.size = size, .username = text_of("x"), .email = none},
					    {.size = size, .username = text_of("x"), .password = endless}};
	const struct dm_new_webhook webhooks[] = {
		{sizeof(webhooks[0]), none, text_of(""), text_of(SECRET), 1},
		{sizeof(webhooks[0]), text_of("http://a/"), endless, text_of(SECRET), 1},
		{sizeof(webhooks[0]), text_of("http://a/"), text_of(""), none, 1},
	};
	struct dm_operation callers[] = {
		{.kind = DM_OP_AUTHENTICATE, .authenticate = {.key = text_of("x"), .recipient_name = none}},
		{.kind = DM_OP_ACTIVE_USER, .active_user = {.user_id = s->john, .recipient_name = endless}},
	};
	int64_t id;

	for (size_t i = 0; i < 2; i++) {
		dm_run(s->handle, &callers[i]);
		assert_int_equal(callers[i].status, DM_INVALID);
	}
	assert_fails(DM_INVALID, dm_send(s->handle, s->john, s->mary, none, NULL, &error));
	assert_fails(DM_INVALID, dm_send(s->handle, s->john, s->mary, endless, NULL, &error));
	assert_fails(DM_INVALID, dm_user_by_name(s->handle, none, list_user, NULL, &error));
	assert_fails(DM_INVALID, dm_user_set_active(s->handle, endless, true, &error));
	assert_fails(DM_INVALID, dm_token_revoke(s->handle, none, &error));
	assert_fails(DM_INVALID, dm_authenticate(s->handle, endless, list_user, NULL, &error));
	assert_fails(DM_INVALID, dm_webhook_rotate(s->handle, 1, none, 0, &error));
	for (size_t i = 0; i < 3; i++) {
		assert_fails(DM_INVALID, dm_user_create(s->handle, &users[i], &id, &error));
		assert_fails(DM_INVALID, dm_webhook_create(s->handle, &webhooks[i], &id, &error));
	}
	assert_fails(DM_INVALID, dm_user_create(s->handle, NULL, &id, &error));
	assert_fails(DM_INVALID, dm_webhook_create(s->handle, NULL, &id, &error));
}

/* Of any kind, before anything is done. */
static void traces_that_are_none(void **state)
{
	struct scratch *s = *state;
	const struct dm_text bad[] = {
		text_of("x"),
		text_of("00-0000000000000000000000000000000a-000000000000000b-0"),
		text_of("00-0000000000000000000000000000000a-000000000000000b-0g"),
		text_of("00-0000000000000000000000000000000A-000000000000000b-01"),
		text_of("00-00000000000000000000000000000000-000000000000000b-01"),
		text_of("00-0000000000000000000000000000000a-0000000000000000-01"),
		text_of("00-0000000000000000000000000000000a-000000000000000b_01"),
		text_of("ff-0000000000000000000000000000000a-000000000000000b-01"),
		text_of("01-0000000000000000000000000000000a-000000000000000b-01-later"),
		{NULL, 55},
		{"x", SIZE_MAX},
	};
	struct dm_operation send = {
		.kind = DM_OP_SEND,
		.traceparent = text_of("00-0000000000000000000000000000000a-000000000000000b-01"),
		.send = {.sender_id = s->john, .recipient_id = s->mary, .content = text_of("x")},
	};
	struct dm_operation mark = {.kind = DM_OP_MARK_READ};

	dm_run(s->handle, &send);
	assert_int_equal(send.status, DM_OK);
	mark.mark_read.message_id = send.send.message.id;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		send.traceparent = mark.traceparent = bad[i];
		dm_run(s->handle, &send);
		dm_run(s->handle, &mark);
		assert_int_equal(send.status, DM_INVALID);
		assert_int_equal(mark.status, DM_INVALID);
		assert_non_null(strstr(mark.error.message, "traceparent"));
	}
	assert_int_equal(scratch_number(s, "SELECT count(*) FROM directmessages_message WHERE read_at IS NULL"), 1);
	assert_int_equal(
		scratch_number(s, "SELECT count(*) FROM directmessages_event WHERE traceparent LIKE '00-%-01'"), 1);
}

static void null_where_something_is_needed(void **state)
{
	struct scratch *s = *state;
	int64_t message = scratch_send(s->handle, s->john, s->mary, "x");
	struct dm_event_position position = {0, 0};

	assert_fails(DM_INVALID, dm_unread_messages(s->handle, s->mary, NULL, NULL, &error));
	assert_fails(DM_INVALID, dm_conversations(s->handle, s->mary, NULL, NULL, &error));
	assert_fails(DM_INVALID, dm_conversation(s->handle, s->mary, s->john, NULL, NULL, NULL, &error));
	assert_fails(DM_INVALID, dm_unread_by_partner(s->handle, s->mary, NULL, NULL, &error));
	assert_fails(DM_INVALID, dm_all_messages(s->handle, 0, 0, NULL, NULL, &error));
	assert_fails(DM_INVALID, dm_users(s->handle, NULL, NULL, &error));
	assert_fails(DM_INVALID, dm_webhooks(s->handle, NULL, NULL, &error));
	assert_fails(DM_INVALID, dm_deliveries(s->handle, 0, DM_DELIVERY_ANY, 0, NULL, NULL, &error));
	assert_fails(DM_INVALID, dm_events(s->handle, 0, &position, 0, NULL, NULL, NULL, &error));
	assert_fails(DM_INVALID, dm_events(s->handle, 0, NULL, 0, NULL, NULL, NULL, &error));
	assert_fails(DM_INVALID, dm_outbox_state(s->handle, NULL, &error));
	assert_fails(DM_INVALID, dm_token_create(s->handle, text_of("john"), false, NULL, &error));
	assert_fails(DM_INVALID, dm_read_message(s->handle, message, NULL, NULL, &error));
	assert_fails(DM_INVALID, dm_read_message_formatted(s->handle, message, NULL, NULL, &error));
	assert_int_equal(scratch_number(s, "SELECT count(*) FROM directmessages_message WHERE read_at IS NULL"), 1);
	assert_int_equal(scratch_number(s, "SELECT count(*) FROM authtoken_token"), 0);
}

static void counts_that_nobody_wants(void **state)
{
	struct scratch *s = *state;

	assert_ok(dm_unread_count(s->handle, s->mary, NULL, NULL));
	assert_ok(dm_events_newest(s->handle, NULL, NULL));
	assert_ok(dm_events_trim(s->handle, 0, 0, NULL, NULL));
	assert_ok(dm_deliveries_trim(s->handle, 0, 0, NULL, NULL));
	dm_stats(s->handle, NULL);
}

static void no_handle(void **state)
{
	struct dm_stats stats = DM_STATS_INIT;
	int64_t count;

	(void)state;
	assert_fails(DM_INVALID, dm_unread_count(NULL, 1, &count, &error));
	assert_fails(DM_INVALID, dm_send(NULL, 1, 2, text_of("x"), NULL, &error));
	assert_fails(DM_INVALID, dm_check_schema(NULL, &error));
	assert_fails(DM_INVALID, dm_migrate(NULL, NULL, NULL, NULL, &error));
	assert_fails(DM_INVALID, dm_connect(NULL, DM_MESSAGE_SENT, NULL, NULL, &error));
	assert_fails(DM_INVALID, dm_events_trim(NULL, 0, 0, NULL, &error));
	assert_false(dm_disconnect(NULL, DM_MESSAGE_SENT, NULL, NULL));
	assert_false(dm_begin_reads(NULL));
	dm_end_reads(NULL);
	dm_close(NULL);
	dm_stats(NULL, &stats);
	assert_int_equal(stats.commits, 0);
}

static void on_signal(void *context, enum dm_signal signal, const struct dm_message *message, int64_t from_user,
		      int64_t to)
{
	(void)context, (void)signal, (void)message, (void)from_user, (void)to;
}

static void signals_that_are_none(void **state)
{
	struct scratch *s = *state;
	const int signals[] = {-1, INT_MIN, INT_MAX, DM_EVENTS_RECORDED + 1};

	for (size_t i = 0; i < sizeof(signals) / sizeof(signals[0]); i++) {
		enum dm_signal signal = (enum dm_signal)signals[i];

		assert_fails(DM_INVALID, dm_connect(s->handle, signal, on_signal, NULL, &error));
		assert_false(dm_disconnect(s->handle, signal, on_signal, NULL));
	}
	assert_fails(DM_INVALID, dm_connect(s->handle, DM_MESSAGE_SENT, NULL, NULL, &error));
	scratch_send(s->handle, s->john, s->mary, "x");
}

static void options_that_make_no_sense(void **state)
{
	struct scratch *s = *state;
	const struct dm_options bad[] = {
		{.size = sizeof(bad[0]), .database = s->url, .allowed_recipients_count = 1},
		{.size = sizeof(bad[0]),
		 .database = s->url,
		 .allowed_recipients = &s->john,
		 .allowed_recipients_count = SIZE_MAX},
		{.size = sizeof(bad[0]), .database = s->url, .lanes = SIZE_MAX},
		{.size = sizeof(bad[0]), .database = s->url, .read_database = "sqlite:///x.db"},
		{.size = sizeof(bad[0]), .database = s->url, .read_database = "postgresql://a@b@c/d"},
	};
	const struct dm_options odd = {.size = sizeof(odd),
				       .database = s->url,
				       .busy_timeout_ms = INT_MIN,
				       .max_waiting = SIZE_MAX,
				       .max_content_length = SIZE_MAX};
	dm *handle;

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		assert_fails(DM_INVALID, dm_open(&bad[i], &handle, &error));
		assert_null(handle);
	}
	assert_fails(DM_INVALID, dm_open(NULL, &handle, &error));
	assert_fails(DM_INVALID, dm_open(&odd, NULL, &error));
	assert_ok(dm_open(&odd, &handle, NULL));
	scratch_send(handle, s->john, s->mary, "x");
	dm_close(handle);
}

static bool list_event(void *context, const struct dm_event *event)
{
	(void)event;
	++*(int64_t *)context;
	return true;
}

static bool list_delivery(void *context, const struct dm_delivery *delivery)
{
	(void)delivery;
	++*(int64_t *)context;
	return true;
}

static void the_largest_and_the_least_ids(void **state)
{
	static const int64_t extremes[] = {INT64_MIN, -1, 0, INT64_MAX};
	struct scratch *s = *state;
	const struct dm_new_webhook webhook = {sizeof(webhook), text_of("http://a/"), text_of(""), text_of(SECRET),
					       DM_WEBHOOK_ALL_EVENTS};
	int64_t id;

	assert_ok(dm_webhook_create(s->handle, &webhook, &id, NULL));
	scratch_send(s->handle, s->john, s->mary, "one");
	for (size_t i = 0; i < sizeof(extremes) / sizeof(extremes[0]); i++) {
		int64_t number = extremes[i], removed;

		assert_fails(DM_NOT_FOUND, dm_mark_read(s->handle, number, &error));
		assert_fails(DM_NOT_FOUND, dm_hide_message(s->handle, number, number, &error));
		assert_fails(DM_NOT_FOUND, dm_send(s->handle, s->john, number, text_of("x"), NULL, &error));
		assert_fails(DM_NOT_FOUND, dm_delivery_requeue(s->handle, number, &error));
		assert_fails(DM_NOT_FOUND, dm_webhook_enable(s->handle, number, &error));
		assert_ok(dm_webhook_rotate(s->handle, id, text_of(SECRET), number, NULL));
		assert_ok(dm_deliveries_trim(s->handle, INT64_MIN, SIZE_MAX, &removed, NULL));
		assert_ok(dm_events_trim(s->handle, INT64_MIN, SIZE_MAX, &removed, NULL));
		assert_int_equal(removed, 0);
	}
}

static void the_largest_and_the_least_limits(void **state)
{
	static const size_t sizes[] = {SIZE_MAX, SIZE_MAX - 1, SIZE_MAX / 2, SIZE_MAX / 2 + 1};
	struct scratch *s = *state;
	const struct dm_new_webhook webhook = {sizeof(webhook), text_of("http://a/"), text_of(""), text_of(SECRET),
					       DM_WEBHOOK_ALL_EVENTS};
	struct dm_event_position start;
	int64_t id;

	assert_ok(dm_events_newest(s->handle, &start, NULL));
	assert_ok(dm_webhook_create(s->handle, &webhook, &id, NULL));
	scratch_send(s->handle, s->john, s->mary, "one");
	scratch_send(s->handle, s->mary, s->john, "two");
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		struct dm_conversation_options options = {.size = sizeof(options), .limit = sizes[i]};
		struct dm_event_position position = start;
		struct listed listed = {0}, users = {0}, beyond = {0};
		int64_t events = 0, deliveries = 0;
		const struct dm_page page = {.offset = sizes[i], .limit = sizes[i]};
		struct dm_operation partners = {.kind = DM_OP_PARTNERS,
						.context = &beyond,
						.partners = {.user_id = s->mary, .page = page, .on_user = list_user}};
		struct dm_operation messages = {
			.kind = DM_OP_CONVERSATION,
			.context = &beyond,
			.conversation = {
				.user_id = s->mary, .partner_id = s->john, .page = page, .on_message = list_message}};

		assert_ok(dm_conversation(s->handle, s->mary, s->john, &options, list_message, &listed, NULL));
		assert_int_equal(listed.count, 2);
		assert_ok(dm_all_messages(s->handle, 0, sizes[i], list_message, &users, NULL));
		assert_int_equal(users.count, 2);
		if (start.id != 0) {
			scratch_settle(s);
			assert_ok(dm_events(s->handle, 0, &position, sizes[i], NULL, list_event, &events, NULL));
			assert_int_equal(events, 2);
		}
		assert_ok(dm_deliveries(s->handle, INT64_MIN, DM_DELIVERY_ANY, sizes[i], list_delivery, &deliveries,
					NULL));
		assert_fails(DM_INVALID, dm_deliveries(s->handle, 0, (enum dm_delivery_state)INT_MIN, sizes[i],
						       list_delivery, &deliveries, &error));
		assert_int_equal(deliveries, 0);
		dm_run(s->handle, &partners);
		assert_int_equal(partners.status, DM_OK);
		dm_run(s->handle, &messages);
		assert_int_equal(messages.status, DM_OK);
		assert_int_equal(beyond.count, 0);
	}
}

static enum dm_status claim(const struct scratch *s, size_t limit, int64_t until, int64_t ahead, int64_t *count)
{
	struct dm_operation operation = {.kind = DM_OP_DELIVERIES_CLAIM,
					 .context = count,
					 .deliveries_claim = {.webhook_id = 1,
							      .limit = limit,
							      .until = until,
							      .max_ahead_us = ahead,
							      .on_delivery = list_delivery}};

	*count = 0;
	dm_run(s->handle, &operation);
	return operation.status;
}

static void claims_of_everything(void **state)
{
	static const int64_t never[] = {INT64_MIN, -1, 0, INT64_MAX};
	struct scratch *s = *state;
	const struct dm_new_webhook webhook = {sizeof(webhook), text_of("http://a/"), text_of(""), text_of(SECRET),
					       DM_WEBHOOK_ALL_EVENTS};
	const int64_t far = INT64_C(4000000000000000);
	int64_t id, count = 0;

	assert_ok(dm_webhook_create(s->handle, &webhook, &id, NULL));
	scratch_send(s->handle, s->john, s->mary, "one");
	for (size_t i = 0; i < sizeof(never) / sizeof(never[0]); i++)
		assert_int_equal(claim(s, SIZE_MAX, never[i], 0, &count), DM_INVALID);
	for (int tries = 0; tries < 6000 && count == 0; tries++) { /* on PostgreSQL others' transactions hold it back */
		const struct timespec pause = {.tv_nsec = 10000000};

		nanosleep(&pause, NULL);
		assert_ok(claim(s, SIZE_MAX, far, INT64_MIN, &count));
	}
	assert_int_equal(count, 1);
	assert_ok(claim(s, 0, far, INT64_MIN, &count)); /* 0 is no limit: there is no second */
	assert_int_equal(count, 0);
	assert_ok(claim(s, SIZE_MAX, far, INT64_MAX, &count)); /* no delivery is due that late */
	assert_int_equal(count, 0);
	assert_ok(claim(s, SIZE_MAX, far, 1, &count)); /* now every delivery is */
	assert_int_equal(count, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(function) cmocka_unit_test_setup_teardown(function, setup, scratch_teardown)
		TEST(kinds_that_are_none),
		TEST(operations_without_what_they_need),
		TEST(texts_without_bytes),
		TEST(traces_that_are_none),
		TEST(null_where_something_is_needed),
		TEST(counts_that_nobody_wants),
		TEST(no_handle),
		TEST(signals_that_are_none),
		TEST(options_that_make_no_sense),
		TEST(the_largest_and_the_least_ids),
		TEST(the_largest_and_the_least_limits),
		TEST(claims_of_everything),
	};

	return RUN_TESTS("library_arguments", tests);
}
