/* SPDX-License-Identifier: MIT */
/* test_library_webhook_changes.c - endpoints are changed, all of it or nothing, and failed deliveries requeued. */
#include "scratch.h"

#include <string.h>

#define SECRET "whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYX"
#define OTHER_SECRET "whsec_BBECAwQFBgcICQoLDA0ODxAREhMUFRYX"
#define PIECE 1000

static int64_t add_webhook(const struct scratch *s)
{
	const struct dm_new_webhook webhook = {sizeof(webhook), text_of("https://example.org/"), text_of("what for"),
					       text_of(SECRET), DM_WEBHOOK_ALL_EVENTS};
	int64_t id = 0;

	assert_ok(dm_webhook_create(s->handle, &webhook, &id, NULL));
	return id;
}

struct copy {
	char url[64], description[64], secret[64], old_secret[64], reason[64];
	struct dm_webhook row; /* its texts are not to be used */
	int count;
};

static void copy_text(char out[64], struct dm_text text)
{
	assert_true(text.length < 64);
	memcpy(out, text.data, text.length);
	out[text.length] = '\0';
}

static bool copy_webhook(void *context, const struct dm_webhook *webhook)
{
	struct copy *copy = context;

	copy_text(copy->url, webhook->url);
	copy_text(copy->description, webhook->description);
	copy_text(copy->secret, webhook->secret);
	copy_text(copy->old_secret, webhook->old_secret);
	copy_text(copy->reason, webhook->disabled_reason);
	copy->row = *webhook;
	copy->count++;
	return true;
}

static struct copy read_webhook(const struct scratch *s, int64_t id)
{
	struct copy copy = {.count = 0};

	scratch_settle(s);
	assert_ok(dm_webhook_by_id(s->handle, id, copy_webhook, &copy, NULL));
	assert_int_equal(copy.count, 1);
	assert_int_equal(copy.row.id, id);
	return copy;
}

/* One delivery in this state, whose id is given. */
static void add_delivery(const struct scratch *s, int64_t id, int64_t webhook_id, int state)
{
	char sql[512];

	snprintf(
		sql, sizeof(sql),
		"INSERT INTO directmessages_delivery (id, webhook_id, name, kind, message_id, at, state, attempts, next_at,"
		" finished_at, http_status, error) VALUES (%lld, %lld, 'msg', 1, 1, 1, %d, 3, 5, 7, 500, 'no')",
		(long long)id, (long long)webhook_id, state);
	scratch_sql(s, sql);
}

/* Deliveries `from` to `to`, in this state. */
static void add_deliveries(const struct scratch *s, int64_t from, int64_t to, int64_t webhook_id, int state)
{
	char sql[512];

	snprintf(
		sql, sizeof(sql),
		"WITH RECURSIVE n (i) AS (SELECT %lld UNION ALL SELECT i + 1 FROM n WHERE i < %lld)"
		" INSERT INTO directmessages_delivery (id, webhook_id, name, kind, message_id, at, state, attempts, next_at,"
		" finished_at, http_status, error) SELECT i, %lld, 'msg', 1, 1, 1, %d, 3, 5, 7, 500, 'no' FROM n",
		(long long)from, (long long)to, (long long)webhook_id, state);
	scratch_sql(s, sql);
}

static int64_t count(const struct scratch *s, const char *condition)
{
	char sql[256];

	snprintf(sql, sizeof(sql), "SELECT count(*) FROM directmessages_delivery WHERE %s", condition);
	return scratch_number(s, sql);
}

/* ---- changes --------------------------------------------------------------------------------------------------- */

static void what_is_given_changes(void **state)
{
	struct scratch *s = *state;
	int64_t id = add_webhook(s), other = add_webhook(s);
	struct dm_webhook_change change = DM_WEBHOOK_CHANGE_INIT;
	struct copy copy = {.count = 0}, before = read_webhook(s, id);

	change.webhook_id = id;
	assert_ok(dm_webhook_update(s->handle, &change, copy_webhook, &copy, NULL));
	assert_int_equal(copy.count, 1);
	assert_string_equal(copy.url, "https://example.org/");
	assert_string_equal(copy.secret, SECRET);
	assert_string_equal(copy.old_secret, "");
	assert_true(copy.row.is_active);
	assert_int_equal(copy.row.created_at, before.row.created_at);
	change.url = text_of("http://a/");
	change.description = text_of("");
	change.events = DM_WEBHOOK_EVENT(DM_MESSAGE_READ);
	change.secret = text_of(OTHER_SECRET);
	change.old_until = 1234;
	assert_ok(dm_webhook_update(s->handle, &change, NULL, NULL, NULL));
	copy = read_webhook(s, id);
	assert_string_equal(copy.url, "http://a/");
	assert_string_equal(copy.description, "");
	assert_string_equal(copy.secret, OTHER_SECRET);
	assert_string_equal(copy.old_secret, SECRET);
	assert_int_equal(copy.row.old_secret_until, 1234);
	assert_int_equal(copy.row.events, DM_WEBHOOK_EVENT(DM_MESSAGE_READ));
	assert_true(copy.row.is_active);
	copy = read_webhook(s, other);
	assert_string_equal(copy.url, "https://example.org/");
	assert_string_equal(copy.description, "what for");
	assert_int_equal(copy.row.events, DM_WEBHOOK_ALL_EVENTS);
}

static void what_is_refused_changes_nothing(void **state)
{
	struct scratch *s = *state;
	int64_t id = add_webhook(s);
	struct dm_webhook_change bad[] = {
		{.url = text_of("ftp://a/")},     {.url = text_of("")},          {.events = 1 << 20},
		{.secret = text_of("")},          {.secret = text_of("whsec_")}, {.active = (enum dm_active)9},
		{.description = text_of("\xff")},
	};
	struct dm_webhook_change nobody = {.size = sizeof(nobody), .webhook_id = id + 7, .url = text_of("http://b/")};
	struct copy copy;

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		bad[i].size = sizeof(bad[i]);
		bad[i].webhook_id = id;
		if (!bad[i].url.data)
			bad[i].url = text_of("http://b/");
		assert_fails(DM_INVALID, dm_webhook_update(s->handle, &bad[i], NULL, NULL, &error));
	}
	assert_fails(DM_NOT_FOUND, dm_webhook_update(s->handle, &nobody, NULL, NULL, &error));
	assert_fails(DM_NOT_FOUND, dm_webhook_disable(s->handle, id + 7, &error));
	assert_fails(DM_NOT_FOUND, dm_webhook_by_id(s->handle, id + 7, copy_webhook, &copy, &error));
	assert_fails(DM_NOT_FOUND, dm_webhook_by_id(s->handle, 0, copy_webhook, &copy, &error));
	assert_fails(DM_INVALID, dm_webhook_update(s->handle, NULL, NULL, NULL, &error));
	copy = read_webhook(s, id);
	assert_string_equal(copy.url, "https://example.org/");
	assert_string_equal(copy.secret, SECRET);
	assert_true(copy.row.is_active);
}

static void disabling_and_enabling(void **state)
{
	struct scratch *s = *state;
	int64_t id = add_webhook(s);
	struct dm_webhook_change change = {.size = sizeof(change), .webhook_id = id, .active = DM_ACTIVE_YES};
	struct copy copy;

	add_deliveries(s, 1, 2 * PIECE + 500, id, 0);
	add_delivery(s, 9999, id, 1);
	assert_ok(dm_webhook_disable(s->handle, id, NULL));
	copy = read_webhook(s, id);
	assert_false(copy.row.is_active);
	assert_string_equal(copy.reason, "disabled by an operator");
	assert_int_equal(count(s, "state = 2 AND error = 'its endpoint was disabled'"), PIECE);
	assert_int_equal(count(s, "state = 0"), PIECE + 500);
	scratch_sql(s, "UPDATE directmessages_webhook SET disabled_why = 'gone', failing_since = 5");
	assert_ok(dm_webhook_disable(s->handle, id, NULL));
	assert_string_equal(read_webhook(s, id).reason, "gone");
	scratch_send(s->handle, s->john, s->mary, "it misses this");
	change.url = text_of("http://a/");
	scratch_settle(s);
	assert_ok(dm_webhook_update(s->handle, &change, copy_webhook, &copy, NULL));
	assert_true(copy.row.is_active);
	assert_false(copy.row.has_new);
	assert_int_equal(copy.row.failing_since, 0);
	assert_string_equal(copy.reason, "");
	assert_string_equal(copy.url, "http://a/");
	assert_int_equal(count(s, "state = 0"), 0);
	assert_int_equal(count(s, "state = 1"), 1);
	scratch_send(s->handle, s->john, s->mary, "but not this");
	assert_true(read_webhook(s, id).row.has_new);
}

static void a_change_waits_for_the_pieces_before_it(void **state)
{
	struct scratch *s = *state;
	int64_t id = add_webhook(s);
	struct dm_operation operation = {
		.kind = DM_OP_WEBHOOK_UPDATE,
		.webhook_update = {.webhook_id = id, .url = text_of("http://a/"), .active = DM_ACTIVE_YES}};

	scratch_sql(s, "UPDATE directmessages_webhook SET is_active = (1 = 0)");
	add_deliveries(s, 1, PIECE, id, 0);
	dm_run(s->handle, &operation);
	assert_int_equal(operation.status, DM_OK);
	assert_true(operation.webhook_update.more);
	assert_string_equal(read_webhook(s, id).url, "https://example.org/");
	assert_false(read_webhook(s, id).row.is_active);
	dm_run(s->handle, &operation);
	assert_int_equal(operation.status, DM_OK);
	assert_false(operation.webhook_update.more);
	assert_string_equal(read_webhook(s, id).url, "http://a/");
	assert_true(read_webhook(s, id).row.is_active);
}

/* An endpoint that has failed for days is not disabled for what its URL of before has done. */
static void another_url_has_not_failed_yet(void **state)
{
	struct scratch *s = *state;
	struct dm_webhook_change change = {.size = sizeof(change), .webhook_id = add_webhook(s)};

	scratch_sql(s, "UPDATE directmessages_webhook SET failing_since = 5");
	change.description = text_of("failing");
	change.url = text_of("https://example.org/");
	assert_ok(dm_webhook_update(s->handle, &change, NULL, NULL, NULL));
	assert_int_equal(read_webhook(s, change.webhook_id).row.failing_since, 5);
	change.url = text_of("http://a/");
	assert_ok(dm_webhook_update(s->handle, &change, NULL, NULL, NULL));
	assert_int_equal(read_webhook(s, change.webhook_id).row.failing_since, 0);
}

static void endpoints_are_listed_in_pages(void **state)
{
	struct scratch *s = *state;
	struct copy copy = {.count = 0};
	struct dm_operation operation = {.kind = DM_OP_WEBHOOKS, .context = &copy};
	int64_t ids[3];

	for (int i = 0; i < 3; i++)
		ids[i] = add_webhook(s);
	operation.webhooks = (struct dm_op_webhooks){.on_webhook = copy_webhook, .after = ids[0], .limit = 1};
	dm_run(s->handle, &operation);
	assert_int_equal(operation.status, DM_OK);
	assert_int_equal(copy.count, 1);
	assert_int_equal(copy.row.id, ids[1]);
	operation.webhooks.after = ids[2];
	dm_run(s->handle, &operation);
	assert_int_equal(operation.status, DM_OK);
	assert_int_equal(copy.count, 1);
}

/* ---- requeueing ------------------------------------------------------------------------------------------------ */

static bool stop_at_once(void *context, int64_t requeued)
{
	*(int64_t *)context = requeued;
	return false;
}

static void failed_deliveries_are_requeued_in_pieces(void **state)
{
	struct scratch *s = *state;
	int64_t id = add_webhook(s), other = add_webhook(s), disabled = add_webhook(s), requeued, seen = -1;
	struct dm_operation operation = {.kind = DM_OP_DELIVERIES_REQUEUE, .deliveries_requeue = {.webhook_id = id}};
	char sql[128];

	snprintf(sql, sizeof(sql), "UPDATE directmessages_webhook SET is_active = (1 = 0) WHERE id = %lld",
		 (long long)disabled);
	scratch_sql(s, sql);
	add_deliveries(s, 1, 2 * PIECE + 100, id, 2);
	add_delivery(s, 5001, id, 0);
	add_delivery(s, 5002, id, 1);
	add_delivery(s, 5003, other, 2);
	add_delivery(s, 5004, disabled, 2);
	dm_run(s->handle, &operation);
	assert_int_equal(operation.status, DM_OK);
	assert_int_equal(operation.deliveries_requeue.requeued, PIECE);
	assert_int_equal(operation.deliveries_requeue.next_after, PIECE);
	assert_int_equal(count(s, "state = 0 AND attempts = 0 AND finished_at = 0 AND http_status = 0 AND error = ''"
				  " AND next_at > 1000000"),
			 PIECE);
	assert_ok(dm_deliveries_requeue(s->handle, id, stop_at_once, &seen, &requeued, NULL));
	assert_int_equal(seen, 0); /* they are requeued already */
	assert_int_equal(requeued, 0);
	assert_ok(dm_deliveries_requeue(s->handle, id, NULL, NULL, &requeued, NULL));
	assert_int_equal(requeued, PIECE + 100);
	assert_int_equal(count(s, "state = 2"), 2);
	assert_int_equal(count(s, "state = 0 AND attempts = 3"), 1); /* it waits as it did */
	assert_ok(dm_deliveries_requeue(s->handle, 0, NULL, NULL, &requeued, NULL));
	assert_int_equal(requeued, 1);
	assert_int_equal(count(s, "state = 2"), 1);
	assert_int_equal(count(s, "state = 1"), 1);
}

static void requeueing_of_no_endpoint_is_refused(void **state)
{
	struct scratch *s = *state;
	int64_t id = add_webhook(s), requeued = 9;

	add_delivery(s, 1, id, 2);
	assert_ok(dm_webhook_disable(s->handle, id, NULL));
	assert_fails(DM_INVALID, dm_deliveries_requeue(s->handle, id, NULL, NULL, &requeued, &error));
	assert_int_equal(requeued, 0);
	assert_fails(DM_NOT_FOUND, dm_deliveries_requeue(s->handle, id + 7, NULL, NULL, NULL, &error));
	assert_ok(dm_deliveries_requeue(s->handle, 0, NULL, NULL, &requeued, NULL));
	assert_int_equal(requeued, 0);
	assert_int_equal(count(s, "state = 2"), 1);
}

static void one_delivery_of_one_endpoint(void **state)
{
	struct scratch *s = *state;
	int64_t id = add_webhook(s), other = add_webhook(s);
	struct dm_operation operation = {.kind = DM_OP_DELIVERY_REQUEUE,
					 .delivery_requeue = {.delivery_id = 1, .webhook_id = other}};

	add_delivery(s, 1, id, 2);
	dm_run(s->handle, &operation);
	assert_int_equal(operation.status, DM_NOT_FOUND);
	assert_int_equal(count(s, "state = 2"), 1);
	operation.delivery_requeue.webhook_id = id;
	dm_run(s->handle, &operation);
	assert_int_equal(operation.status, DM_OK);
	assert_int_equal(count(s, "state = 0"), 1);
}

/* ---- pages of deliveries --------------------------------------------------------------------------------------- */

struct seen {
	int64_t count, last;
};

static bool see(void *context, const struct dm_delivery *delivery)
{
	struct seen *seen = context;

	assert_true(seen->last == 0 || delivery->id < seen->last);
	seen->last = delivery->id;
	seen->count++;
	return true;
}

static void pages_of_deliveries(void **state)
{
	struct scratch *s = *state;
	int64_t id = add_webhook(s), other = add_webhook(s), pages = 0;
	struct seen seen = {0};
	struct dm_operation operation = {
		.kind = DM_OP_DELIVERIES_FIND,
		.context = &seen,
		.deliveries_find = {.webhook_id = id, .state = DM_DELIVERY_FAILED, .limit = 2, .on_delivery = see}};

	add_delivery(s, 1, id, 2);
	add_deliveries(s, 2, 12000, other, 2);
	add_delivery(s, 12001, id, 1);
	add_deliveries(s, 12002, 12004, id, 2);
	do {
		int64_t before = seen.count;

		operation.deliveries_find.before = operation.deliveries_find.next_before;
		dm_run(s->handle, &operation);
		assert_int_equal(operation.status, DM_OK);
		assert_true(seen.count - before <= 2);
		pages++;
	} while (operation.deliveries_find.next_before != 0);
	assert_int_equal(seen.count, 4);
	assert_int_equal(seen.last, 1);
	assert_in_range(pages, 4, 5); /* a full one, then some that found few or none in what they looked at */
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, scratch_setup_recording, scratch_teardown)
	const struct CMUnitTest tests[] = {
		TEST(what_is_given_changes),
		TEST(what_is_refused_changes_nothing),
		TEST(disabling_and_enabling),
		TEST(a_change_waits_for_the_pieces_before_it),
		TEST(another_url_has_not_failed_yet),
		TEST(endpoints_are_listed_in_pages),
		TEST(failed_deliveries_are_requeued_in_pieces),
		TEST(requeueing_of_no_endpoint_is_refused),
		TEST(one_delivery_of_one_endpoint),
		TEST(pages_of_deliveries),
	};

	return RUN_TESTS("library_webhook_changes", tests);
}
