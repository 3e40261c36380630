/* SPDX-License-Identifier: MIT */
/* test_library_writes.c - the public API on real databases: writes of one batch of which some fail or waited too long,
 * and the times of messages. */
#include "scratch.h"

#include "clock.h"

#include <pthread.h>
#include <stdlib.h>
#include <time.h>

#define MAX_BATCH 8
#define LIMIT_MS 1000 /* an operation may wait so long in the queue; on PostgreSQL, that is a quarter of all */

/* An operation of the batch, and its result. */
struct write_member {
	struct dm_operation operation;
	struct dm_message message; /* as the receiver got it; id 0: it got none */
	struct write_batch *batch;
};

/* Operations that are submitted on the lane's own thread, so that they wait together and become one batch. */
struct write_batch {
	struct scratch scratch;
	struct write_member members[MAX_BATCH];
	size_t count;
	bool is_submitted;
	long pause_ms; /* after submitting, before the lane continues */
	bool locks;    /* locks the database before the lane continues */
	void *lock;
	pthread_mutex_t mutex; /* guards done */
	pthread_cond_t changed;
	size_t done;
};

static int setup(void **state)
{
	const struct dm_options options = {.size = sizeof(options), .lanes = 2};
	struct write_batch *batch = calloc(1, sizeof(*batch));

	assert_non_null(batch);
	scratch_make(&batch->scratch);
	scratch_open(&batch->scratch, &options);
	pthread_mutex_init(&batch->mutex, NULL);
	pthread_cond_init(&batch->changed, NULL);
	*state = batch;
	return 0;
}

static int setup_limited(void **state)
{
	int result = setup(state);
	struct write_batch *batch = *state;

	scratch_reopen(&batch->scratch, batch->scratch.is_postgres ? 4 * LIMIT_MS : LIMIT_MS);
	return result;
}

static int teardown(void **state)
{
	struct write_batch *batch = *state;

	clock_set(0);
	pthread_cond_destroy(&batch->changed);
	pthread_mutex_destroy(&batch->mutex);
	scratch_remove(&batch->scratch);
	free(batch);
	return 0;
}

static void note_done(struct dm_operation *operation)
{
	struct write_member *member = operation->context;
	struct write_batch *batch = member->batch;

	if (operation->kind == DM_OP_SEND)
		member->message = operation->send.message;
	pthread_mutex_lock(&batch->mutex);
	batch->done++;
	pthread_cond_signal(&batch->changed);
	pthread_mutex_unlock(&batch->mutex);
}

static struct write_member *add(struct write_batch *batch, struct dm_operation operation)
{
	struct write_member *member = &batch->members[batch->count++];

	assert_true(batch->count <= MAX_BATCH);
	*member = (struct write_member){.operation = operation, .batch = batch};
	member->operation.done = note_done;
	member->operation.context = member;
	return member;
}

static struct write_member *add_send(struct write_batch *batch, const char *content)
{
	return add(batch, (struct dm_operation){.kind = DM_OP_SEND,
						.send = {.sender_id = batch->scratch.john,
							 .recipient_id = batch->scratch.mary,
							 .content = text_of(content)}});
}

static struct write_member *add_keyed(struct write_batch *batch, const char *content, const char *key)
{
	struct write_member *member = add_send(batch, content);

	member->operation.send.idempotency_key = key;
	return member;
}

static struct write_member *add_hide(struct write_batch *batch, int64_t message_id)
{
	return add(batch, (struct dm_operation){.kind = DM_OP_HIDE,
						.hide = {.user_id = batch->scratch.john, .message_id = message_id}});
}

static void submit_all(void *context, enum dm_signal signal, const struct dm_message *message, int64_t from_user,
		       int64_t to)
{
	struct write_batch *batch = context;
	struct timespec pause = {batch->pause_ms / 1000, batch->pause_ms % 1000 * 1000000};

	(void)signal, (void)message, (void)from_user, (void)to;
	if (batch->is_submitted)
		return;
	batch->is_submitted = true;
	for (size_t i = 0; i < batch->count; i++)
		dm_submit(batch->scratch.handle, &batch->members[i].operation);
	if (batch->locks)
		batch->lock = scratch_lock(&batch->scratch);
	nanosleep(&pause, NULL);
}

static void wait_for_all(struct write_batch *batch)
{
	pthread_mutex_lock(&batch->mutex);
	while (batch->done < batch->count)
		pthread_cond_wait(&batch->changed, &batch->mutex);
	pthread_mutex_unlock(&batch->mutex);
}

/* Sends a message from bob, so that the lane's thread calls the receiver. */
static void run(struct write_batch *batch)
{
	const struct scratch *s = &batch->scratch;

	assert_ok(dm_connect(s->handle, DM_MESSAGE_SENT, submit_all, batch, NULL));
	scratch_send(s->handle, s->bob, s->mary, "begins");
	wait_for_all(batch);
	assert_true(dm_disconnect(s->handle, DM_MESSAGE_SENT, submit_all, batch));
}

static int64_t count_of(const struct write_batch *batch, const char *content)
{
	char sql[128];

	snprintf(sql, sizeof(sql), "SELECT count(*) FROM directmessages_message WHERE content = '%s'", content);
	return scratch_number(&batch->scratch, sql);
}

static void fails_on_postgres(const struct write_batch *batch, const char *when)
{
	char sql[512];

	snprintf(sql, sizeof(sql),
		 "CREATE FUNCTION fault() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'bad'; END $$;"
		 "CREATE TRIGGER fault BEFORE %s ON directmessages_message FOR EACH ROW WHEN (NEW.content = 'bad')"
		 " EXECUTE FUNCTION fault()",
		 when);
	scratch_sql(&batch->scratch, sql);
}

/* ---- keys ----------------------------------------------------------------------------------------------------- */

/* The batch goes on without them, and they find the message of the one that came first. */
static void sends_of_one_key_in_one_batch_are_one(void **state)
{
	struct write_batch *batch = *state;
	struct write_member *first = add_keyed(batch, "once", "k"), *second = add_keyed(batch, "once", "k");
	struct write_member *plain = add_send(batch, "plain"), *other = add_keyed(batch, "other", "k");
	struct write_member *third = add_keyed(batch, "once", "k"), *last = add_keyed(batch, "last", "l");

	run(batch);
	assert_int_equal(first->operation.status, DM_OK);
	assert_false(first->operation.send.replayed);
	for (size_t i = 0; i < 2; i++) {
		const struct write_member *again = i == 0 ? second : third;

		assert_int_equal(again->operation.status, DM_OK);
		assert_string_equal(again->operation.error.message, "");
		assert_true(again->operation.send.replayed);
		assert_int_equal(again->message.id, first->message.id);
		assert_int_equal(again->message.sent_at, first->message.sent_at);
	}
	assert_int_equal(other->operation.status, DM_KEY_REUSED);
	assert_int_equal(other->message.id, 0);
	assert_true(first->message.id < plain->message.id && plain->message.id < last->message.id);
	assert_int_equal(count_of(batch, "once"), 1);
	assert_int_equal(count_of(batch, "other"), 0);
}

/* What is refused, or fails alone, leaves its key to the next. */
static void a_key_is_used_by_the_one_that_stores(void **state)
{
	struct write_batch *batch = *state;
	struct write_member *nobody = add_keyed(batch, "x", "k"), *second = add_keyed(batch, "x", "k");
	struct write_member *bad = add_keyed(batch, batch->scratch.is_postgres ? "bad" : "", "b");
	struct write_member *good = add_keyed(batch, "good", "b");

	nobody->operation.send.recipient_id = 999;
	if (batch->scratch.is_postgres)
		fails_on_postgres(batch, "INSERT");
	run(batch);
	assert_int_equal(nobody->operation.status, DM_NOT_FOUND);
	assert_int_equal(second->operation.status, DM_OK);
	assert_false(second->operation.send.replayed);
	assert_int_not_equal(bad->operation.status, DM_OK);
	assert_int_equal(good->operation.status, DM_OK);
	assert_false(good->operation.send.replayed);
}

/* ---- failures ------------------------------------------------------------------------------------------------- */

/* PostgreSQL: a statement fails alone. */
static void of_many_sends_only_the_bad_one_fails(void **state)
{
	struct write_batch *batch = *state;
	struct write_member *first, *second, *bad, *last;

	fails_on_postgres(batch, "INSERT");
	first = add_send(batch, "first");
	second = add_send(batch, "second");
	bad = add_send(batch, "bad");
	last = add_send(batch, "last");
	run(batch);
	assert_int_equal(bad->operation.status, DM_INTERNAL);
	assert_int_equal(first->operation.status, DM_OK);
	assert_int_equal(second->operation.status, DM_OK);
	assert_int_equal(last->operation.status, DM_OK);
	assert_int_equal(count_of(batch, "first"), 1);
	assert_int_equal(count_of(batch, "second"), 1);
	assert_int_equal(count_of(batch, "bad"), 0);
	assert_int_equal(count_of(batch, "last"), 1);
}

static void one_write_that_fails_leaves_the_others(void **state)
{
	struct write_batch *batch = *state;
	const struct scratch *s = &batch->scratch;
	struct write_member *members[3], *bad;
	int64_t ids[4];

	for (size_t i = 0; i < 4; i++)
		ids[i] = scratch_send(s->handle, s->john, s->mary, i == 1 ? "bad" : "good");
	fails_on_postgres(batch, "UPDATE");
	members[0] = add_hide(batch, ids[0]);
	bad = add_hide(batch, ids[1]);
	members[1] = add_hide(batch, ids[2]);
	members[2] = add_hide(batch, ids[3]);
	run(batch);
	assert_int_equal(bad->operation.status, DM_INTERNAL);
	for (size_t i = 0; i < 3; i++)
		assert_int_equal(members[i]->operation.status, DM_OK);
	assert_int_equal(scratch_number(s, "SELECT count(*) FROM directmessages_message"
					   " WHERE hidden_for_sender IS NOT NULL"),
			 3);
}

/* In a table beside, so that it is no matter of messages: ids that are used up look like a full disk. */
static const char full[] = "CREATE TABLE full_table (id INTEGER PRIMARY KEY AUTOINCREMENT);"
			   "INSERT INTO full_table VALUES (9223372036854775807);"
			   "CREATE TRIGGER fault AFTER INSERT ON directmessages_message WHEN NEW.content = 'full'"
			   " BEGIN INSERT INTO full_table VALUES (NULL); END;";

/* SQLite: all of the batch fails. */
static void a_failure_of_the_store_is_that_of_all(void **state)
{
	struct write_batch *batch = *state;
	struct write_member *members[4];
	int64_t id = scratch_send(batch->scratch.handle, batch->scratch.john, batch->scratch.mary, "there");

	scratch_sql(&batch->scratch, full);
	members[0] = add_send(batch, "first");
	members[1] = add_hide(batch, id);
	members[2] = add_send(batch, "full");
	members[3] = add_send(batch, "last");
	run(batch);
	for (size_t i = 0; i < 4; i++)
		assert_int_equal(members[i]->operation.status, DM_UNAVAILABLE);
	assert_int_equal(count_of(batch, "first") + count_of(batch, "full") + count_of(batch, "last"), 0);
	assert_int_equal(scratch_number(&batch->scratch, "SELECT count(*) FROM directmessages_message"
							 " WHERE hidden_for_sender IS NOT NULL"),
			 0);
	scratch_send(batch->scratch.handle, batch->scratch.john, batch->scratch.mary, "after");
}

/* ---- waiting -------------------------------------------------------------------------------------------------- */

static void what_has_waited_too_long_is_refused(void **state)
{
	struct write_batch *batch = *state;
	struct write_member *late = add_send(batch, "late");

	batch->pause_ms = LIMIT_MS + 50;
	run(batch);
	assert_int_equal(late->operation.status, DM_BUSY);
	assert_non_null(strstr(late->operation.error.message, "too slow"));
	assert_int_equal(count_of(batch, "late"), 0);
	scratch_send(batch->scratch.handle, batch->scratch.john, batch->scratch.mary, "after");
}

/* Who has waited behind others waits so much less for a lock: all in all as long as one who comes alone, unless the
 * machine stands still meanwhile. On SQLite; each kind of waiting has a share of the time on PostgreSQL. */
static void time_in_the_queue_is_taken_off_the_wait_for_the_lock(void **state)
{
	struct write_batch *batch = *state;
	const struct scratch *s = &batch->scratch;
	int64_t began, queued, alone, rounds = 0;

	batch->pause_ms = LIMIT_MS * 3 / 4;
	batch->locks = true;
	do {
		assert_true(rounds++ < 5);
		batch->count = batch->done = 0;
		batch->is_submitted = false;
		add_send(batch, "queued");
		began = clock_monotonic();
		run(batch);
		queued = clock_monotonic() - began;
		assert_int_equal(batch->members[0].operation.status, DM_BUSY);
		began = clock_monotonic();
		assert_fails(DM_BUSY, dm_send(s->handle, s->john, s->mary, text_of("alone"), NULL, &error));
		alone = clock_monotonic() - began;
		scratch_unlock(s, batch->lock);
	} while (queued >= alone + alone / 2);
	assert_int_equal(count_of(batch, "queued") + count_of(batch, "alone"), 0);
}

/* ---- times ---------------------------------------------------------------------------------------------------- */

#define SECOND INT64_C(1000000)
#define NOON (INT64_C(1764072000) * SECOND)

static int64_t sent_at(const struct scratch *s)
{
	struct dm_message sent = {0};

	assert_ok(dm_send(s->handle, s->john, s->mary, text_of("x"), &sent, NULL));
	return sent.sent_at;
}

static void times_grow_while_the_clock_stands(void **state)
{
	struct write_batch *batch = *state;
	const struct scratch *s = &batch->scratch;
	struct write_member *members[MAX_BATCH];

	clock_set(NOON);
	assert_int_equal(sent_at(s), NOON);
	assert_int_equal(sent_at(s), NOON + 1);
	assert_int_equal(sent_at(s), NOON + 2);
	for (size_t i = 0; i < MAX_BATCH; i++)
		members[i] = add_send(batch, "of a batch");
	run(batch); /* the first message of the batch has a time as well */
	for (size_t i = 0; i < MAX_BATCH; i++) {
		assert_int_equal(members[i]->message.sent_at, NOON + 4 + (int64_t)i);
		assert_true(i == 0 || members[i]->message.id > members[i - 1]->message.id);
	}
	clock_set(NOON + SECOND);
	assert_int_equal(sent_at(s), NOON + SECOND);
}

static void a_clock_that_steps_back_a_little_is_not_followed(void **state)
{
	struct write_batch *batch = *state;

	clock_set(NOON);
	assert_int_equal(sent_at(&batch->scratch), NOON);
	clock_set(NOON - SECOND + 1);
	assert_int_equal(sent_at(&batch->scratch), NOON + 1);
	clock_set(NOON - 1);
	assert_int_equal(sent_at(&batch->scratch), NOON + 2);
}

static void a_clock_that_was_set_back_is_believed(void **state)
{
	struct write_batch *batch = *state;

	clock_set(NOON);
	assert_int_equal(sent_at(&batch->scratch), NOON);
	clock_set(NOON - SECOND);
	assert_int_equal(sent_at(&batch->scratch), NOON - SECOND);
	assert_int_equal(sent_at(&batch->scratch), NOON - SECOND + 1);
	clock_set(NOON - 3600 * SECOND);
	assert_int_equal(sent_at(&batch->scratch), NOON - 3600 * SECOND);
}

static bool copy_read_at(void *context, const struct dm_message *message)
{
	*(int64_t *)context = message->read_at;
	return true;
}

static void reading_has_the_time_of_the_clock(void **state)
{
	struct write_batch *batch = *state;
	const struct scratch *s = &batch->scratch;
	int64_t read_at = 0, id;
	struct dm_operation look = {
		.kind = DM_OP_MESSAGE, .context = &read_at, .message = {.on_message = copy_read_at}};

	clock_set(NOON);
	id = scratch_send(s->handle, s->john, s->mary, "x");
	clock_set(NOON + 5 * SECOND);
	assert_ok(dm_mark_read(s->handle, id, NULL));
	look.message.message_id = id;
	dm_run(s->handle, &look);
	assert_int_equal(look.status, DM_OK);
	assert_int_equal(read_at, NOON + 5 * SECOND);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
#define LIMITED(name) cmocka_unit_test_setup_teardown(name, setup_limited, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		LIMITED(what_has_waited_too_long_is_refused),
		TEST(sends_of_one_key_in_one_batch_are_one),
		TEST(a_key_is_used_by_the_one_that_stores),
		TEST(times_grow_while_the_clock_stands),
		TEST(a_clock_that_steps_back_a_little_is_not_followed),
		TEST(a_clock_that_was_set_back_is_believed),
		TEST(reading_has_the_time_of_the_clock),
	};
	const struct CMUnitTest on_sqlite[] = {
		TEST(a_failure_of_the_store_is_that_of_all),
		LIMITED(time_in_the_queue_is_taken_off_the_wait_for_the_lock),
	};
	const struct CMUnitTest on_postgres[] = {
		TEST(of_many_sends_only_the_bad_one_fails),
		TEST(one_write_that_fails_leaves_the_others),
	};
	bool is_postgres = getenv("DIRECTMESSAGES_TEST_POSTGRES") != NULL;
	int failed = cmocka_run_group_tests_name("on both", tests, NULL, NULL);

	return failed + (is_postgres ? cmocka_run_group_tests_name("on PostgreSQL", on_postgres, NULL, NULL)
				     : cmocka_run_group_tests_name("on SQLite", on_sqlite, NULL, NULL));
}
