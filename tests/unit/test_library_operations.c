/* SPDX-License-Identifier: MIT */
/* test_library_operations.c - the public API on a real database: submitted operations, exact pages, many threads. */
#include "scratch.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

/* ---- submitting ---------------------------------------------------------------------------------------------- */

#define BURST 300

static atomic_size_t done_count, sent_count;

static void note_done(struct dm_operation *operation)
{
	assert_int_equal(operation->status, DM_OK);
	assert_int_equal(operation->error.status, DM_OK);
	if (operation->kind == DM_OP_SEND)
		assert_true(operation->send.message.id > 0);
	atomic_fetch_add(&done_count, 1);
	free(operation);
}

static void count_sent(void *context, enum dm_signal signal, const struct dm_message *message, int64_t from_user,
		       int64_t to)
{
	(void)context, (void)signal, (void)message, (void)from_user, (void)to;
	atomic_fetch_add(&sent_count, 1);
}

static void each_submitted_operation_is_done_once(void **state)
{
	struct scratch *s = *state;

	atomic_store(&done_count, 0);
	atomic_store(&sent_count, 0);
	assert_ok(dm_connect(s->handle, DM_MESSAGE_SENT, count_sent, NULL, NULL));
	for (size_t i = 0; i < BURST; i++) {
		struct dm_operation *operation = calloc(1, sizeof(*operation));

		assert_non_null(operation);
		if (i % 3)
			*operation = (struct dm_operation){
				.kind = DM_OP_SEND,
				.done = note_done,
				.send = {.sender_id = s->john, .recipient_id = s->mary, .content = text_of("x")}};
		else
			*operation = (struct dm_operation){
				.kind = DM_OP_UNREAD_COUNT, .done = note_done, .unread_count = {.user_id = s->john}};
		dm_submit(s->handle, operation);
	}
	dm_close(s->handle); /* finishes the operations that wait */
	s->handle = NULL;
	assert_int_equal(atomic_load(&done_count), BURST);
	assert_int_equal(atomic_load(&sent_count), BURST / 3 * 2);
	assert_int_equal(scratch_number(s, "SELECT count(*) FROM directmessages_message"), BURST / 3 * 2);
	assert_int_equal(scratch_number(s, "SELECT count(DISTINCT sent_at) FROM directmessages_message"),
			 BURST / 3 * 2);
}

static void keep_status(struct dm_operation *operation)
{
	*(enum dm_status *)operation->context = operation->status;
}

static void what_the_rules_forbid_is_done_before_submit_returns(void **state)
{
	struct scratch *s = *state;
	enum dm_status status = DM_OK;
	struct dm_operation send = {
		.kind = DM_OP_SEND, .done = keep_status, .context = &status, .send = {.sender_id = s->john}};
	struct dm_operation nobody = {.kind = DM_OP_USER_CREATE, .done = keep_status, .context = &status};

	dm_submit(s->handle, &send);
	assert_int_equal(status, DM_INVALID);
	assert_int_equal(send.error.status, DM_INVALID);
	send.send.content = text_of("x");
	send.send.recipient_id = s->john;
	dm_submit(s->handle, &send);
	assert_int_equal(status, DM_SELF);
	dm_submit(s->handle, &nobody);
	assert_int_equal(status, DM_INVALID);
}

static void more_than_may_wait_is_busy_at_once(void **state)
{
	struct scratch *s = *state;
	struct dm_options options = {
		.size = sizeof(options), .database = s->url, .busy_timeout_ms = 60000, .max_waiting = 1};
	struct dm_operation operations[4];
	enum dm_status statuses[4];
	size_t refused = 0, stored = 0;
	void *lock;

	dm_close(s->handle);
	assert_ok(dm_open(&options, &s->handle, NULL));
	lock = scratch_lock(s);
	for (size_t i = 0; i < 4; i++) {
		operations[i] = (struct dm_operation){
			.kind = DM_OP_SEND,
			.done = keep_status,
			.context = &statuses[i],
			.send = {.sender_id = s->john, .recipient_id = s->mary, .content = text_of("x")}};
		statuses[i] = DM_INTERNAL;
		dm_submit(s->handle, &operations[i]);
	}
	/* One may wait in the queue, and one more may be running: it waits for the lock. */
	for (size_t i = 0; i < 4; i++)
		refused += statuses[i] == DM_BUSY;
	assert_in_range(refused, 2, 3);
	scratch_unlock(s, lock);
	dm_close(s->handle);
	s->handle = NULL;
	for (size_t i = 0; i < 4; i++)
		stored += statuses[i] == DM_OK;
	assert_int_equal(stored, 4 - refused);
	assert_int_equal(scratch_number(s, "SELECT count(*) FROM directmessages_message"), stored);
}

static void an_operation_can_be_run_again(void **state)
{
	struct scratch *s = *state;
	struct listed listed = {0};
	struct dm_operation operation = {.kind = DM_OP_MESSAGE,
					 .message = {.message_id = 1, .on_message = list_message}};

	operation.context = &listed;
	dm_run(s->handle, &operation);
	assert_int_equal(operation.status, DM_NOT_FOUND);
	assert_int_equal(operation.error.status, DM_NOT_FOUND);
	operation.message.message_id = scratch_send(s->handle, s->john, s->mary, "x");
	dm_run(s->handle, &operation);
	assert_int_equal(operation.status, DM_OK);
	assert_int_equal(operation.error.status, DM_OK);
	assert_listed(listed, operation.message.message_id);
	operation = (struct dm_operation){
		.kind = DM_OP_MARK_CONVERSATION_READ,
		.mark_conversation_read = {.user_id = s->mary, .partner_id = s->john, .marked = 99}};
	dm_run(s->handle, &operation);
	assert_int_equal(operation.mark_conversation_read.marked, 1);
	dm_run(s->handle, &operation);
	assert_int_equal(operation.mark_conversation_read.marked, 0);
}

static void partners_come_in_pages(void **state)
{
	struct scratch *s = *state;
	struct listed first = {0}, second = {0}, back = {0};
	struct dm_operation page = {.kind = DM_OP_PARTNERS,
				    .context = &first,
				    .partners = {.user_id = s->john, .on_user = list_user, .page = {.limit = 2}}};
	int64_t anne = scratch_user(s->handle, "anne");

	scratch_send(s->handle, s->john, s->mary, "x");
	scratch_send(s->handle, s->bob, s->john, "x");
	scratch_send(s->handle, s->john, anne, "x");
	dm_run(s->handle, &page);
	assert_listed(first, anne, s->bob);
	page.partners.page = (struct dm_page){.limit = 2, .has_position = true, .position = s->bob};
	page.context = &second;
	dm_run(s->handle, &page);
	assert_listed(second, s->mary);
	page.partners.page = (struct dm_page){.limit = 2, .has_position = true, .position = s->mary, .reverse = true};
	page.context = &back;
	dm_run(s->handle, &page);
	assert_listed(back, s->bob, anne);
}

/* ---- exact pages --------------------------------------------------------------------------------------------- */

#define TIED 100
#define PAGE 7

struct last {
	size_t rows;
	int64_t id, sent_at;
	int64_t ids[TIED + 20];
	size_t total;
};

static bool note_last(void *context, const struct dm_message *message)
{
	struct last *last = context;

	last->rows++;
	last->id = message->id;
	last->sent_at = message->sent_at;
	assert_in_range(last->total, 0, TIED + 19);
	last->ids[last->total++] = message->id;
	return true;
}

/* Reads the conversation page by page; last->ids gets the ids in the order of the pages. */
static void walk(struct scratch *s, bool reverse, bool with_position, struct last *last)
{
	struct dm_operation page = {.kind = DM_OP_CONVERSATION,
				    .context = last,
				    .conversation = {.user_id = s->mary,
						     .partner_id = s->john,
						     .page = {.limit = PAGE, .reverse = reverse},
						     .on_message = note_last}};

	*last = (struct last){0};
	do {
		last->rows = 0;
		dm_run(s->handle, &page);
		assert_int_equal(page.status, DM_OK);
		page.conversation.page.row_id = last->id;
		page.conversation.page.has_position = with_position;
		page.conversation.page.position = last->sent_at;
	} while (last->rows == PAGE);
}

static void insert_series(struct scratch *s, int first, int last, const char *sent_at)
{
	char sql[512];

	snprintf(
		sql, sizeof(sql),
		"WITH RECURSIVE n(i) AS (SELECT %d UNION ALL SELECT i + 1 FROM n WHERE i < %d)"
		" INSERT INTO directmessages_message (content, sent_at, sender_id, recipient_id)"
		" SELECT 'x', '%s', CASE WHEN i %% 3 = 0 THEN 2 ELSE 1 END, CASE WHEN i %% 3 = 0 THEN 1 ELSE 2 END FROM n",
		first, last, sent_at);
	scratch_sql(s, sql);
}

static void ties_are_paged_exactly(void **state)
{
	struct scratch *s = *state;
	struct last last;

	/* Messages of both users: 100 with the same time, 10 earlier and 10 later ones. */
	insert_series(s, 1, 10, "2025-06-06 11:00:00");
	insert_series(s, 11, 110, "2025-06-06 12:00:00.123456");
	insert_series(s, 111, 120, "2025-06-06 13:00:00");
	for (int way = 0; way < 4; way++) {
		bool reverse = way & 1, with_position = way & 2;

		walk(s, reverse, with_position, &last);
		assert_int_equal(last.total, TIED + 20);
		for (size_t i = 0; i < last.total; i++)
			assert_int_equal(last.ids[i], reverse ? i + 1 : last.total - i);
	}
}

static void a_row_that_is_gone_leaves_what_was_counted(void **state)
{
	struct scratch *s = *state;
	struct listed listed = {0};
	struct dm_operation page = {.kind = DM_OP_CONVERSATION,
				    .context = &listed,
				    .conversation = {.user_id = s->mary,
						     .partner_id = s->john,
						     .page = {.limit = 1, .row_id = 9999, .offset = 2},
						     .on_message = list_message}};
	int64_t ids[4];

	for (size_t i = 0; i < 4; i++)
		ids[i] = scratch_send(s->handle, s->john, s->mary, "x");
	dm_run(s->handle, &page);
	page.conversation.page.row_id = ids[2];
	dm_run(s->handle, &page);
	page.conversation.page = (struct dm_page){.limit = 1, .offset = 1, .reverse = true};
	dm_run(s->handle, &page);
	assert_listed(listed, ids[1], ids[1], ids[1]);
}

/* ---- many threads -------------------------------------------------------------------------------------------- */

#define THREADS 8
#define EACH 40

struct worker {
	pthread_t thread;
	struct scratch *scratch;
	bool from_john;
	size_t failures;
};

static void *work(void *argument)
{
	struct worker *worker = argument;
	struct scratch *s = worker->scratch;
	int64_t me = worker->from_john ? s->john : s->mary, partner = worker->from_john ? s->mary : s->john, count;
	struct dm_conversation_options options = {
		.size = sizeof(options), .limit = 5, .newest_first = true, .mark_read = true};

	for (int i = 0; i < EACH; i++) {
		struct listed listed = {0};
		struct dm_message sent = {0};

		worker->failures += dm_send(s->handle, me, partner, text_of("x"), &sent, NULL) != DM_OK;
		worker->failures +=
			dm_conversation(s->handle, me, partner, &options, list_message, &listed, NULL) != DM_OK;
		worker->failures += listed.count == 0;
		for (size_t row = 1; row < listed.count; row++)
			worker->failures += listed.ids[row] >= listed.ids[row - 1];
		worker->failures += dm_unread_count(s->handle, me, &count, NULL) != DM_OK;
		worker->failures += dm_hide_message(s->handle, me, sent.id, NULL) != DM_OK;
	}
	return NULL;
}

static void threads_share_a_handle(void **state)
{
	struct scratch *s = *state;
	struct worker workers[THREADS];

	for (size_t i = 0; i < THREADS; i++) {
		workers[i] = (struct worker){.scratch = s, .from_john = i % 2};
		assert_int_equal(pthread_create(&workers[i].thread, NULL, work, &workers[i]), 0);
	}
	for (size_t i = 0; i < THREADS; i++) {
		pthread_join(workers[i].thread, NULL);
		assert_int_equal(workers[i].failures, 0);
	}
	assert_int_equal(scratch_number(s, "SELECT count(*) FROM directmessages_message"), THREADS * EACH);
	assert_int_equal(
		scratch_number(s, "SELECT count(*) FROM directmessages_message WHERE hidden_for_sender IS NULL"), 0);
	/* Messages have times in the order of their ids. */
	assert_int_equal(scratch_number(s, "SELECT count(*) FROM directmessages_message a JOIN directmessages_message b"
					   " ON b.id = a.id + 1 WHERE b.sent_at <= a.sent_at"),
			 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(each_submitted_operation_is_done_once, scratch_setup, scratch_teardown),
		cmocka_unit_test_setup_teardown(what_the_rules_forbid_is_done_before_submit_returns, scratch_setup,
						scratch_teardown),
		cmocka_unit_test_setup_teardown(more_than_may_wait_is_busy_at_once, scratch_setup, scratch_teardown),
		cmocka_unit_test_setup_teardown(an_operation_can_be_run_again, scratch_setup, scratch_teardown),
		cmocka_unit_test_setup_teardown(partners_come_in_pages, scratch_setup, scratch_teardown),
		cmocka_unit_test_setup_teardown(ties_are_paged_exactly, scratch_setup, scratch_teardown),
		cmocka_unit_test_setup_teardown(a_row_that_is_gone_leaves_what_was_counted, scratch_setup,
						scratch_teardown),
		cmocka_unit_test_setup_teardown(threads_share_a_handle, scratch_setup, scratch_teardown),
	};

	return RUN_TESTS("library_operations", tests);
}
