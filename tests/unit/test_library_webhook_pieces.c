/* SPDX-License-Identifier: MIT */
/* test_library_webhook_pieces.c - endpoints with many deliveries are disabled, enabled and deleted in pieces. */
#include "scratch.h"

#define PENDING 2500
#define PIECE 1000

static int64_t add_webhook(const struct scratch *s)
{
	const struct dm_new_webhook webhook = {sizeof(webhook), text_of("https://example.org/"), text_of(""),
					       text_of("whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYX"),
					       DM_WEBHOOK_ALL_EVENTS};
	int64_t id = 0;

	assert_ok(dm_webhook_create(s->handle, &webhook, &id, NULL));
	return id;
}

/* Deliveries 1 to PENDING of the endpoint, each claimed once. */
static void add_deliveries(const struct scratch *s, int64_t webhook_id)
{
	char sql[512];

	snprintf(
		sql, sizeof(sql),
		"WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < %d)"
		" INSERT INTO directmessages_delivery (webhook_id, name, kind, message_id, at, state, attempts, next_at,"
		" finished_at, http_status, error) SELECT %lld, 'msg', 1, 1, 1, 0, 1, i, 0, 0, '' FROM n",
		PENDING, (long long)webhook_id);
	scratch_sql(s, sql);
}

static int64_t pending(const struct scratch *s)
{
	return scratch_number(s, "SELECT count(*) FROM directmessages_delivery WHERE state = 0");
}

static int64_t failed_by_disabling(const struct scratch *s)
{
	return scratch_number(s, "SELECT count(*) FROM directmessages_delivery WHERE state = 2"
				 " AND finished_at > 0 AND error = 'its endpoint was disabled'");
}

/* The endpoint says that it is gone. */
static void disable(const struct scratch *s, int64_t webhook_id)
{
	struct dm_operation operation = {
		.kind = DM_OP_DELIVERY_RESULT,
		.delivery_result = {.webhook_id = webhook_id,
				    .delivery_id = scratch_number(s, "SELECT min(id) FROM directmessages_delivery"),
				    .attempt = 1,
				    .outcome = DM_OUTCOME_GONE}};

	dm_run(s->handle, &operation);
	assert_int_equal(operation.status, DM_OK);
	assert_true(operation.delivery_result.disabled);
}

static bool copy_is_active(void *is_active, const struct dm_webhook *webhook)
{
	*(bool *)is_active = webhook->is_active;
	return true;
}

static bool is_active(const struct scratch *s)
{
	bool active = false;

	assert_ok(dm_webhooks(s->handle, copy_is_active, &active, NULL));
	return active;
}

static int64_t waiting(const struct scratch *s)
{
	struct dm_outbox outbox;

	assert_ok(dm_outbox_state(s->handle, &outbox, NULL));
	assert_true((outbox.pending > 0) == (outbox.oldest_at > 0));
	return outbox.pending;
}

static void disabling_fails_a_piece_and_trimming_the_rest(void **state)
{
	struct scratch *s = *state;
	int64_t webhook = add_webhook(s), removed;

	add_deliveries(s, webhook);
	assert_int_equal(waiting(s), PENDING);
	disable(s, webhook);
	assert_false(is_active(s));
	assert_int_equal(waiting(s), 0);
	assert_int_equal(pending(s), PENDING - 1 - PIECE);
	assert_int_equal(failed_by_disabling(s), PIECE);
	assert_ok(dm_deliveries_trim(s->handle, 0, 0, &removed, NULL));
	assert_int_equal(removed, 0);
	assert_int_equal(pending(s), 0);
	assert_int_equal(failed_by_disabling(s), PENDING - 1);
}

static void trimming_leaves_what_an_active_endpoint_waits_for(void **state)
{
	struct scratch *s = *state;

	add_deliveries(s, add_webhook(s));
	assert_ok(dm_deliveries_trim(s->handle, 0, 0, NULL, NULL));
	assert_int_equal(pending(s), PENDING);
}

static void enabling_fails_what_is_pending_in_pieces(void **state)
{
	struct scratch *s = *state;
	int64_t webhook = add_webhook(s);
	struct dm_operation enable = {.kind = DM_OP_WEBHOOK_ENABLE, .webhook_enable = {.webhook_id = webhook}};

	add_deliveries(s, webhook);
	scratch_sql(s, "UPDATE directmessages_webhook SET is_active = (1 = 0)");
	for (int64_t rest = PENDING - PIECE; rest > 0; rest -= PIECE) {
		dm_run(s->handle, &enable);
		assert_int_equal(enable.status, DM_OK);
		assert_true(enable.webhook_enable.more);
		assert_false(is_active(s));
		assert_int_equal(pending(s), rest);
	}
	dm_run(s->handle, &enable);
	assert_int_equal(enable.status, DM_OK);
	assert_false(enable.webhook_enable.more);
	assert_true(is_active(s));
	assert_int_equal(pending(s), 0);
	assert_int_equal(failed_by_disabling(s), PENDING);
}

static void the_call_enables_after_all_pieces(void **state)
{
	struct scratch *s = *state;
	int64_t webhook = add_webhook(s);

	add_deliveries(s, webhook);
	disable(s, webhook);
	assert_ok(dm_webhook_enable(s->handle, webhook, NULL));
	assert_true(is_active(s));
	assert_int_equal(pending(s), 0);
}

static void enabling_an_active_endpoint_leaves_its_deliveries(void **state)
{
	struct scratch *s = *state;
	int64_t webhook = add_webhook(s);

	add_deliveries(s, webhook);
	assert_ok(dm_webhook_enable(s->handle, webhook, NULL));
	assert_int_equal(pending(s), PENDING);
}

static void deleting_leaves_the_deliveries_to_trimming(void **state)
{
	struct scratch *s = *state;
	int64_t webhook = add_webhook(s), other = add_webhook(s);
	struct dm_operation operation = {.kind = DM_OP_WEBHOOK_DELETE, .webhook_delete = {.webhook_id = webhook}};
	struct dm_operation trim = {.kind = DM_OP_DELIVERIES_TRIM};

	add_deliveries(s, webhook);
	add_deliveries(s, other);
	dm_run(s->handle, &operation);
	assert_int_equal(operation.status, DM_OK);
	assert_int_equal(pending(s), 2 * PENDING);
	dm_run(s->handle, &trim);
	assert_int_equal(trim.status, DM_OK);
	assert_true(trim.deliveries_trim.next_after > 0);
	assert_int_equal(trim.deliveries_trim.removed, 2 * PENDING - pending(s));
	assert_true(pending(s) > PENDING);
	assert_ok(dm_deliveries_trim(s->handle, 0, 0, NULL, NULL));
	assert_int_equal(pending(s), PENDING);
	assert_ok(dm_webhook_delete(s->handle, other, NULL)); /* the call trims by itself */
	assert_int_equal(scratch_number(s, "SELECT count(*) FROM directmessages_delivery"), 0);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, scratch_setup_recording, scratch_teardown)
	const struct CMUnitTest tests[] = {
		TEST(disabling_fails_a_piece_and_trimming_the_rest),
		TEST(trimming_leaves_what_an_active_endpoint_waits_for),
		TEST(enabling_fails_what_is_pending_in_pieces),
		TEST(the_call_enables_after_all_pieces),
		TEST(enabling_an_active_endpoint_leaves_its_deliveries),
		TEST(deleting_leaves_the_deliveries_to_trimming),
	};

	return RUN_TESTS("library_webhook_pieces", tests);
}
