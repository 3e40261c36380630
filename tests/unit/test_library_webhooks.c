/* SPDX-License-Identifier: MIT */
/* test_library_webhooks.c - the public API on a real file: endpoints, claims, results, trimming. */
#include "scratch.h"

#include <stdlib.h>

#define SECRET "whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYX"
#define FAR_AWAY INT64_C(4000000000000000) /* microseconds: in 2096 */

struct claimed {
	size_t count;
	struct {
		int64_t id, attempts, message_id, read_at;
		char name[64], content[64], from[32];
	} rows[64];
};

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

static int64_t add(const struct scratch *s, unsigned events)
{
	const struct dm_new_webhook webhook = {sizeof(webhook), text_of("https://example.org/"),
					       text_of("a description"), text_of(SECRET), events};
	int64_t id = 0;

	assert_ok(dm_webhook_create(s->handle, &webhook, &id, NULL));
	return id;
}

static bool take(void *context, const struct dm_delivery *row)
{
	struct claimed *claimed = context;

	claimed->rows[claimed->count].id = row->id;
	claimed->rows[claimed->count].attempts = row->attempts;
	claimed->rows[claimed->count].message_id = row->message.id;
	claimed->rows[claimed->count].read_at = row->message.read_at;
	snprintf(claimed->rows[claimed->count].name, 64, "%.*s", (int)row->name.length, row->name.data);
	snprintf(claimed->rows[claimed->count].content, 64, "%.*s", (int)row->message.content.length,
		 row->message.content.data);
	snprintf(claimed->rows[claimed->count].from, 32, "%.*s", (int)row->sender.username.length,
		 row->sender.username.data);
	claimed->count++;
	return true;
}

static void claim(const struct scratch *s, int64_t webhook_id, size_t limit, int64_t until, struct claimed *claimed)
{
	struct dm_operation operation = {
		.kind = DM_OP_DELIVERIES_CLAIM,
		.context = claimed,
		.deliveries_claim = {.webhook_id = webhook_id, .limit = limit, .until = until, .on_delivery = take}};

	claimed->count = 0;
	scratch_settle(s);
	dm_run(s->handle, &operation);
	assert_int_equal(operation.status, DM_OK);
	assert_int_equal(operation.deliveries_claim.claimed, claimed->count);
}

/* The states of deliveries as the database holds them. */
enum { PENDING, DELIVERED };

/* True if it disabled the endpoint. */
static bool end(const struct scratch *s, struct dm_op_delivery_result result)
{
	struct dm_operation operation = {.kind = DM_OP_DELIVERY_RESULT, .delivery_result = result};

	dm_run(s->handle, &operation);
	assert_int_equal(operation.status, DM_OK);
	return operation.delivery_result.disabled;
}

static bool copy_webhook(void *context, const struct dm_webhook *webhook)
{
	*(struct dm_webhook *)context = *webhook; /* its numbers stay valid, its texts do not */
	return true;
}

static struct dm_webhook last_webhook(const struct scratch *s)
{
	struct dm_webhook webhook = {.id = 0};

	scratch_settle(s);
	assert_ok(dm_webhooks(s->handle, copy_webhook, &webhook, NULL));
	return webhook;
}

static void claims_come_in_the_order_of_the_log(void **state)
{
	struct scratch *s = *state;
	int64_t webhook = add(s, DM_WEBHOOK_ALL_EVENTS), first, second;
	struct claimed claimed;

	claim(s, webhook, 10, FAR_AWAY, &claimed);
	assert_int_equal(claimed.count, 0);
	assert_false(last_webhook(s).has_new);
	first = scratch_send(s->handle, s->john, s->mary, "one");
	second = scratch_send(s->handle, s->mary, s->john, "two");
	assert_ok(dm_mark_read(s->handle, first, NULL));
	assert_true(last_webhook(s).has_new);
	claim(s, webhook, 10, FAR_AWAY, &claimed);
	assert_int_equal(claimed.count, 3);
	assert_int_equal(claimed.rows[0].message_id, first);
	assert_int_equal(claimed.rows[0].read_at, DM_UNREAD); /* as it was when the message was sent */
	assert_string_equal(claimed.rows[0].content, "one");
	assert_string_equal(claimed.rows[0].from, "john");
	assert_int_equal(claimed.rows[1].message_id, second);
	assert_int_equal(claimed.rows[2].message_id, first);
	assert_true(claimed.rows[2].read_at != DM_UNREAD);
	assert_string_not_equal(claimed.rows[0].name, claimed.rows[2].name);
	assert_false(last_webhook(s).has_new);
	claim(s, webhook, 10, FAR_AWAY + 1, &claimed);
	assert_int_equal(claimed.count, 0);
}

static void only_wanted_events_are_claimed(void **state)
{
	struct scratch *s = *state;
	int64_t webhook = add(s, DM_WEBHOOK_EVENT(DM_MESSAGE_READ)), message = 0;
	struct claimed claimed;

	for (int i = 0; i < 20; i++)
		message = scratch_send(s->handle, s->john, s->mary, "x");
	assert_ok(dm_mark_read(s->handle, message, NULL));
	claim(s, webhook, 3, FAR_AWAY, &claimed);
	assert_int_equal(claimed.count, 1);
	assert_int_equal(claimed.rows[0].message_id, message);
	assert_false(last_webhook(s).has_new);
}

static void claims_are_bounded_and_exclusive(void **state)
{
	struct scratch *s = *state;
	int64_t webhook = add(s, DM_WEBHOOK_ALL_EVENTS), other = add(s, DM_WEBHOOK_ALL_EVENTS);
	struct claimed first, second, third;

	for (int i = 0; i < 5; i++)
		scratch_send(s->handle, s->john, s->mary, "x");
	claim(s, webhook, 2, FAR_AWAY, &first);
	claim(s, webhook, 10, FAR_AWAY, &second); /* claims that end at the same time are told apart */
	claim(s, other, 10, FAR_AWAY, &third);
	assert_int_equal(first.count, 2);
	assert_int_equal(second.count, 3);
	assert_int_equal(third.count, 5);
	for (size_t i = 0; i < second.count; i++)
		assert_true(second.rows[i].id > first.rows[1].id);
}

static bool refuse(void *context, const struct dm_delivery *delivery)
{
	(void)context, (void)delivery;
	return false;
}

static void who_has_no_room_for_a_delivery_gets_it_when_the_claim_ends(void **state)
{
	struct scratch *s = *state;
	int64_t webhook = add(s, DM_WEBHOOK_ALL_EVENTS);
	struct dm_operation claim_in_vain = {
		.kind = DM_OP_DELIVERIES_CLAIM,
		.deliveries_claim = {.webhook_id = webhook, .until = 1, .on_delivery = refuse}}; /* it ends in 1970 */
	struct claimed claimed;

	scratch_send(s->handle, s->john, s->mary, "one");
	scratch_settle(s);
	dm_run(s->handle, &claim_in_vain);
	assert_int_equal(claim_in_vain.status, DM_NO_MEMORY);
	assert_int_equal(claim_in_vain.deliveries_claim.claimed, 0);
	claim(s, webhook, 10, FAR_AWAY, &claimed);
	assert_int_equal(claimed.count, 1);
	assert_int_equal(claimed.rows[0].attempts, 2);
}

/* Though both claims would end at the same time. */
static void a_disabled_endpoint_gets_nothing_of_an_older_claim(void **state)
{
	struct scratch *s = *state;
	int64_t webhook = add(s, DM_WEBHOOK_ALL_EVENTS);
	struct claimed claimed;

	scratch_send(s->handle, s->john, s->mary, "one");
	claim(s, webhook, 10, FAR_AWAY, &claimed);
	assert_int_equal(claimed.count, 1);
	scratch_sql(s, "UPDATE directmessages_webhook SET is_active = false");
	claim(s, webhook, 10, FAR_AWAY, &claimed);
	assert_int_equal(claimed.count, 0);
}

static void a_claim_that_has_ended_is_claimed_again(void **state)
{
	struct scratch *s = *state;
	int64_t webhook = add(s, DM_WEBHOOK_ALL_EVENTS);
	struct claimed first, again;
	struct dm_op_delivery_result late = {.webhook_id = webhook, .outcome = DM_OUTCOME_RETRY, .next_at = 1};

	scratch_send(s->handle, s->john, s->mary, "x");
	claim(s, webhook, 10, 1, &first); /* a claim that ended in 1970 */
	claim(s, webhook, 10, FAR_AWAY, &again);
	assert_int_equal(again.count, 1);
	assert_int_equal(again.rows[0].id, first.rows[0].id);
	assert_string_equal(again.rows[0].name, first.rows[0].name);
	assert_int_equal(again.rows[0].attempts, 2);
	/* A worker that lost the claim can still report a success, but no failure. */
	late.delivery_id = first.rows[0].id;
	late.attempt = 1;
	end(s, late);
	assert_int_equal(scratch_number(s, "SELECT next_at FROM directmessages_delivery"), FAR_AWAY);
	late.outcome = DM_OUTCOME_FAILED;
	end(s, late);
	assert_int_equal(scratch_number(s, "SELECT state FROM directmessages_delivery"), PENDING);
	late.outcome = DM_OUTCOME_DELIVERED;
	end(s, late);
	assert_int_equal(scratch_number(s, "SELECT state FROM directmessages_delivery"), DELIVERED);
}

static void failures_are_due_again_before_what_is_new(void **state)
{
	struct scratch *s = *state;
	int64_t webhook = add(s, DM_WEBHOOK_ALL_EVENTS);
	struct claimed claimed;

	scratch_send(s->handle, s->john, s->mary, "old");
	claim(s, webhook, 10, FAR_AWAY, &claimed);
	end(s, (struct dm_op_delivery_result){.webhook_id = webhook,
					      .delivery_id = claimed.rows[0].id,
					      .attempt = 1,
					      .outcome = DM_OUTCOME_RETRY,
					      .next_at = 5,
					      .http_status = 500,
					      .error = text_of("no")});
	assert_int_equal(last_webhook(s).next_at, 5);
	assert_true(last_webhook(s).failing_since != 0);
	scratch_send(s->handle, s->john, s->mary, "new");
	claim(s, webhook, 1, FAR_AWAY, &claimed);
	assert_int_equal(claimed.count, 1);
	assert_string_equal(claimed.rows[0].content, "old");
	assert_int_equal(claimed.rows[0].attempts, 2);
	end(s, (struct dm_op_delivery_result){
		       .webhook_id = webhook, .delivery_id = claimed.rows[0].id, .outcome = DM_OUTCOME_DELIVERED});
	assert_true(last_webhook(s).failing_since == 0);
	claim(s, webhook, 5, FAR_AWAY, &claimed);
	assert_int_equal(claimed.count, 1);
	assert_string_equal(claimed.rows[0].content, "new");
}

static void released_deliveries_are_due_and_untried(void **state)
{
	struct scratch *s = *state;
	int64_t webhook = add(s, DM_WEBHOOK_ALL_EVENTS);
	struct claimed claimed;

	scratch_send(s->handle, s->john, s->mary, "x");
	claim(s, webhook, 10, FAR_AWAY, &claimed);
	end(s, (struct dm_op_delivery_result){.webhook_id = webhook,
					      .delivery_id = claimed.rows[0].id,
					      .attempt = 1,
					      .outcome = DM_OUTCOME_RELEASED});
	assert_true(last_webhook(s).failing_since == 0);
	claim(s, webhook, 10, FAR_AWAY, &claimed);
	assert_int_equal(claimed.count, 1);
	assert_int_equal(claimed.rows[0].attempts, 1);
}

static void an_endpoint_is_disabled_when_gone_or_failing_for_long(void **state)
{
	struct scratch *s = *state;
	int64_t webhook = add(s, DM_WEBHOOK_ALL_EVENTS);
	struct dm_op_delivery_result result = {.webhook_id = webhook,
					       .outcome = DM_OUTCOME_FAILED,
					       .attempt = 1,
					       .disable_before = 5,
					       .disabled_reason = text_of("why")};
	struct claimed claimed;

	scratch_send(s->handle, s->john, s->mary, "x");
	scratch_send(s->handle, s->john, s->mary, "y");
	scratch_send(s->handle, s->john, s->mary, "z");
	claim(s, webhook, 10, FAR_AWAY, &claimed);
	result.delivery_id = claimed.rows[0].id;
	assert_false(end(s, result)); /* failing since now */
	assert_true(last_webhook(s).is_active);
	scratch_sql(s, "UPDATE directmessages_webhook SET failing_since = 4");
	result.delivery_id = claimed.rows[1].id;
	assert_true(end(s, result));
	assert_false(last_webhook(s).is_active);
	assert_int_equal(scratch_number(s, "SELECT count(*) FROM directmessages_delivery WHERE state = 2"), 3);
	scratch_send(s->handle, s->john, s->mary, "too late");
	claim(s, webhook, 10, FAR_AWAY, &claimed);
	assert_int_equal(claimed.count, 0);
	assert_fails(DM_INVALID, dm_delivery_requeue(s->handle, 1, &error));
	assert_ok(dm_webhook_enable(s->handle, webhook, NULL));
	assert_ok(dm_delivery_requeue(s->handle, 1, NULL));
	claim(s, webhook, 10, FAR_AWAY, &claimed);
	assert_int_equal(claimed.count, 1);
	assert_fails(DM_NOT_FOUND, dm_delivery_requeue(s->handle, 1, &error));
	assert_fails(DM_NOT_FOUND, dm_delivery_requeue(s->handle, 99, &error));
	result.outcome = DM_OUTCOME_GONE;
	result.delivery_id = claimed.rows[0].id;
	assert_true(end(s, result));
	assert_false(last_webhook(s).is_active);
}

static void the_log_keeps_what_an_active_endpoint_needs(void **state)
{
	struct scratch *s = *state;
	int64_t webhook = add(s, DM_WEBHOOK_ALL_EVENTS), removed;
	struct dm_outbox outbox;
	struct claimed claimed;

	for (int i = 0; i < 6; i++)
		scratch_send(s->handle, s->john, s->mary, "x");
	claim(s, webhook, 2, FAR_AWAY, &claimed);
	assert_ok(dm_outbox_state(s->handle, &outbox, NULL));
	assert_int_equal(outbox.pending, 2);
	assert_int_equal(outbox.behind, 4);
	assert_true(outbox.oldest_at > 0);
	assert_ok(dm_events_trim(s->handle, FAR_AWAY, 1, &removed, NULL));
	assert_int_equal(scratch_number(s, "SELECT count(*) FROM directmessages_event"), 4);
	claim(s, webhook, 10, FAR_AWAY, &claimed);
	assert_int_equal(claimed.count, 4);
	assert_ok(dm_events_trim(s->handle, FAR_AWAY, 1, &removed, NULL));
	assert_int_equal(scratch_number(s, "SELECT count(*) FROM directmessages_event"), 1);
	assert_ok(dm_webhook_delete(s->handle, webhook, NULL));
	assert_fails(DM_NOT_FOUND, dm_webhook_delete(s->handle, webhook, &error));
	assert_fails(DM_NOT_FOUND, dm_webhook_enable(s->handle, webhook, &error));
	assert_fails(DM_NOT_FOUND, dm_webhook_rotate(s->handle, webhook, text_of(SECRET), 0, &error));
	assert_int_equal(scratch_number(s, "SELECT count(*) FROM directmessages_delivery"), 0);
	assert_ok(dm_outbox_state(s->handle, &outbox, NULL));
	assert_true(outbox.pending == 0 && outbox.behind == 0 && outbox.oldest_at == 0);
}

static void finished_deliveries_are_trimmed_by_age_and_number(void **state)
{
	struct scratch *s = *state;
	int64_t webhook = add(s, DM_WEBHOOK_ALL_EVENTS), removed;

	assert_int_equal(webhook, 1);
	scratch_sql(
		s,
		"WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 5000)"
		" INSERT INTO directmessages_delivery (id, webhook_id, name, kind, message_id, at, state, attempts, next_at,"
		" finished_at, http_status, error) SELECT i, 1, 'x', 1, 1, 1, CASE WHEN i % 5 = 0 THEN 0 ELSE 1 END, 1, 1, i, 200, '' FROM n");
	assert_ok(dm_deliveries_trim(s->handle, 2501, 5000, &removed, NULL));
	assert_int_equal(removed, 2000); /* of 2500, a fifth of which are pending */
	assert_ok(dm_deliveries_trim(s->handle, 0, SIZE_MAX, &removed, NULL));
	assert_int_equal(removed, 0);
	assert_ok(dm_deliveries_trim(s->handle, INT64_MIN, 0, &removed, NULL)); /* keep 0: any number */
	assert_int_equal(removed, 0);
	assert_ok(dm_deliveries_trim(s->handle, 0, 1000, &removed, NULL));
	assert_int_equal(removed, 1200);
	assert_int_equal(scratch_number(s, "SELECT count(*) FROM directmessages_delivery WHERE state = 0"), 1000);
	assert_int_equal(scratch_number(s, "SELECT count(*) FROM directmessages_delivery WHERE state = 1"), 800);
}

/* The delivery was deleted with its endpoint, and its id may belong to another endpoint's delivery. */
static void the_end_of_a_deleted_webhooks_delivery_ends_no_other(void **state)
{
	struct scratch *s = *state;
	int64_t first = add(s, DM_WEBHOOK_EVENT(DM_MESSAGE_SENT)), second;
	struct claimed late, claimed;

	scratch_send(s->handle, s->john, s->mary, "under way to the first");
	claim(s, first, 1, FAR_AWAY, &late);
	assert_ok(dm_webhook_delete(s->handle, first, NULL));
	second = add(s, DM_WEBHOOK_EVENT(DM_MESSAGE_SENT));
	scratch_send(s->handle, s->john, s->mary, "for the second");
	claim(s, second, 1, FAR_AWAY, &claimed);
	assert_int_equal(claimed.count, 1);
	end(s, (struct dm_op_delivery_result){.webhook_id = first,
					      .delivery_id = late.rows[0].id,
					      .attempt = 1,
					      .outcome = DM_OUTCOME_DELIVERED});
	assert_int_equal(scratch_number(s, "SELECT state FROM directmessages_delivery"), PENDING);
}

static void nonsense_is_refused(void **state)
{
	struct scratch *s = *state;
	const struct dm_new_webhook bad[] = {
		{sizeof(bad[0]), text_of("ftp://example.org/"), text_of(""), text_of(SECRET), DM_WEBHOOK_ALL_EVENTS},
		{sizeof(bad[0]), text_of("http://"), text_of(""), text_of(SECRET), DM_WEBHOOK_ALL_EVENTS},
		{sizeof(bad[0]), text_of("http://a b/"), text_of(""), text_of(SECRET), DM_WEBHOOK_ALL_EVENTS},
		{sizeof(bad[0]), text_of("http://\xc3\xa4/"), text_of(""), text_of(SECRET), DM_WEBHOOK_ALL_EVENTS},
		{sizeof(bad[0]), text_of("http://a/\n"), text_of(""), text_of(SECRET), DM_WEBHOOK_ALL_EVENTS},
		{sizeof(bad[0]), text_of("http://a/"), text_of("\xff"), text_of(SECRET), DM_WEBHOOK_ALL_EVENTS},
		{sizeof(bad[0]), text_of("http://a/"), text_of(""), text_of(SECRET), 0},
		{sizeof(bad[0]), text_of("http://a/"), text_of(""), text_of(SECRET), 4},
	};
	static const char *const no_secrets[] = {
		"", "s", "whsec_", "whsec_AAAA", SECRET "A", SECRET "====", "AAECAwQFBgcICQoLDA0ODxAREhMUFRYX"};
	int64_t id;

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_fails(DM_INVALID, dm_webhook_create(s->handle, &bad[i], &id, &error));
	for (size_t i = 0; i < sizeof(no_secrets) / sizeof(no_secrets[0]); i++) {
		const struct dm_new_webhook webhook = {sizeof(webhook), text_of("http://a/"), text_of(""),
						       text_of(no_secrets[i]), DM_WEBHOOK_ALL_EVENTS};

		assert_fails(DM_INVALID, dm_webhook_create(s->handle, &webhook, &id, &error));
		assert_fails(DM_INVALID, dm_webhook_rotate(s->handle, 1, text_of(no_secrets[i]), 0, &error));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(function) cmocka_unit_test_setup_teardown(function, setup, scratch_teardown)
		TEST(claims_come_in_the_order_of_the_log),
		TEST(only_wanted_events_are_claimed),
		TEST(claims_are_bounded_and_exclusive),
		TEST(who_has_no_room_for_a_delivery_gets_it_when_the_claim_ends),
		TEST(a_disabled_endpoint_gets_nothing_of_an_older_claim),
		TEST(a_claim_that_has_ended_is_claimed_again),
		TEST(failures_are_due_again_before_what_is_new),
		TEST(released_deliveries_are_due_and_untried),
		TEST(an_endpoint_is_disabled_when_gone_or_failing_for_long),
		TEST(the_log_keeps_what_an_active_endpoint_needs),
		TEST(finished_deliveries_are_trimmed_by_age_and_number),
		TEST(the_end_of_a_deleted_webhooks_delivery_ends_no_other),
		TEST(nonsense_is_refused),
	};

	return RUN_TESTS("library_webhooks", tests);
}
