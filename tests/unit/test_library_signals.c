/* SPDX-License-Identifier: MIT */
/* test_library_signals.c - the public API on a real database: which receivers are called, when, and what they, and
 * row functions, may do. */
#include "scratch.h"

#include <pthread.h>
#include <sched.h>

struct ear {
	const struct scratch *scratch;
	size_t sent, read;
	int64_t last_id;
	int replies_left;
	bool disconnect;
};

/* Asks on another connection, which sees only what is committed. */
static bool is_committed(const struct scratch *scratch, const struct dm_message *message, enum dm_signal signal)
{
	char sql[160];

	snprintf(sql, sizeof(sql),
		 "SELECT count(*) FROM directmessages_message WHERE id = %lld AND (read_at IS NULL) = (1 = %d)",
		 (long long)message->id, signal == DM_MESSAGE_SENT);
	return scratch_number(scratch, sql) == 1;
}

static void listen_to(void *context, enum dm_signal signal, const struct dm_message *message, int64_t from_user,
		      int64_t to)
{
	struct ear *ear = context;

	assert_int_equal(from_user, message->sender_id);
	assert_int_equal(to, message->recipient_id);
	assert_int_equal(message->read_at == DM_UNREAD, signal == DM_MESSAGE_SENT);
	assert_true(is_committed(ear->scratch, message, signal));
	*(signal == DM_MESSAGE_SENT ? &ear->sent : &ear->read) += 1;
	ear->last_id = message->id;
	if (ear->disconnect)
		assert_true(dm_disconnect(ear->scratch->handle, signal, listen_to, ear));
	if (ear->replies_left > 0) {
		ear->replies_left--;
		assert_ok(dm_send(ear->scratch->handle, to, from_user, text_of("reply"), NULL, NULL));
	}
}

static void connect_both(struct ear *ear, const struct scratch *scratch)
{
	*ear = (struct ear){.scratch = scratch};
	assert_ok(dm_connect(scratch->handle, DM_MESSAGE_SENT, listen_to, ear, NULL));
	assert_ok(dm_connect(scratch->handle, DM_MESSAGE_READ, listen_to, ear, NULL));
}

static void a_signal_comes_once_a_message_after_the_commit(void **state)
{
	struct scratch *s = *state;
	struct dm_conversation_options mark = {.size = sizeof(mark), .mark_read = true};
	struct listed listed = {0};
	struct ear ear;
	int64_t id;

	connect_both(&ear, s);
	id = scratch_send(s->handle, s->john, s->mary, "a");
	assert_int_equal(ear.sent, 1);
	assert_int_equal(ear.last_id, id);
	assert_int_equal(dm_send(s->handle, s->john, 99, text_of("x"), NULL, NULL), DM_NOT_FOUND);
	assert_int_equal(dm_send(s->handle, s->john, s->john, text_of("x"), NULL, NULL), DM_SELF);
	assert_int_equal(ear.sent, 1);
	assert_ok(dm_mark_read(s->handle, id, NULL));
	assert_ok(dm_mark_read(s->handle, id, NULL));
	assert_int_equal(ear.read, 1);
	for (int i = 0; i < 3; i++)
		scratch_send(s->handle, s->john, s->mary, "b");
	for (int i = 0; i < 2; i++)
		assert_ok(dm_conversation(s->handle, s->mary, s->john, &mark, list_message, &listed, NULL));
	assert_int_equal(ear.sent, 4);
	assert_int_equal(ear.read, 4);
}

static void a_failed_write_signals_nothing(void **state)
{
	struct scratch *s = *state;
	int64_t id = scratch_send(s->handle, s->john, s->mary, "a");
	struct ear ear;
	void *lock;

	scratch_reopen(s, s->short_timeout_ms);
	connect_both(&ear, s);
	lock = scratch_lock(s);
	assert_fails(DM_BUSY, dm_send(s->handle, s->john, s->mary, text_of("x"), NULL, &error));
	assert_fails(DM_BUSY, dm_mark_read(s->handle, id, &error));
	assert_int_equal(ear.sent + ear.read, 0);
	scratch_unlock(s, lock);
}

static void a_receiver_may_send(void **state)
{
	struct scratch *s = *state;
	struct ear ear;

	connect_both(&ear, s);
	ear.replies_left = 5;
	scratch_send(s->handle, s->john, s->mary, "a");
	assert_int_equal(ear.sent, 6);
	assert_int_equal(scratch_number(s, "SELECT count(*) FROM directmessages_message"), 6);
}

static void a_receiver_is_connected_once_and_disconnected_once(void **state)
{
	struct scratch *s = *state;
	struct ear ear, other;

	connect_both(&ear, s);
	connect_both(&other, s);
	assert_fails(DM_EXISTS, dm_connect(s->handle, DM_MESSAGE_SENT, listen_to, &ear, &error));
	assert_int_equal(dm_connect(s->handle, DM_MESSAGE_SENT, listen_to, &ear, NULL), DM_EXISTS);
	assert_true(dm_disconnect(s->handle, DM_MESSAGE_SENT, listen_to, &ear));
	assert_false(dm_disconnect(s->handle, DM_MESSAGE_SENT, listen_to, &ear));
	assert_ok(dm_mark_read(s->handle, scratch_send(s->handle, s->john, s->mary, "a"), NULL));
	assert_int_equal(ear.sent, 0);
	assert_int_equal(ear.read, 1);
	assert_int_equal(other.sent, 1);
}

static void a_receiver_may_disconnect_itself(void **state)
{
	struct scratch *s = *state;
	struct ear ear, other;

	connect_both(&ear, s);
	connect_both(&other, s);
	ear.disconnect = true;
	for (int i = 0; i < 2; i++)
		assert_ok(dm_mark_read(s->handle, scratch_send(s->handle, s->john, s->mary, "a"), NULL));
	assert_int_equal(ear.sent, 1);
	assert_int_equal(ear.read, 1);
	assert_int_equal(other.sent + other.read, 4);
	assert_false(dm_disconnect(s->handle, DM_MESSAGE_SENT, listen_to, &ear));
}

/* A receiver that waits until the gate is opened. */
struct gate {
	pthread_mutex_t mutex;
	pthread_cond_t moved;
	const struct scratch *scratch;
	bool entered, open, left, disconnected;
};

static void set(struct gate *gate, bool *flag)
{
	pthread_mutex_lock(&gate->mutex);
	*flag = true;
	pthread_cond_broadcast(&gate->moved);
	pthread_mutex_unlock(&gate->mutex);
}

static void wait_for(struct gate *gate, const bool *flag)
{
	pthread_mutex_lock(&gate->mutex);
	while (!*flag)
		pthread_cond_wait(&gate->moved, &gate->mutex);
	pthread_mutex_unlock(&gate->mutex);
}

static void wait_at_gate(void *context, enum dm_signal signal, const struct dm_message *message, int64_t from_user,
			 int64_t to)
{
	struct gate *gate = context;

	(void)signal, (void)message, (void)from_user, (void)to;
	set(gate, &gate->entered);
	wait_for(gate, &gate->open);
	set(gate, &gate->left);
}

static void *send_one(void *context)
{
	struct gate *gate = context;

	scratch_send(gate->scratch->handle, gate->scratch->john, gate->scratch->mary, "a");
	return NULL;
}

static void *disconnect_gate(void *context)
{
	struct gate *gate = context;

	if (!dm_disconnect(gate->scratch->handle, DM_MESSAGE_SENT, wait_at_gate, gate))
		return NULL;
	pthread_mutex_lock(&gate->mutex);
	gate->disconnected = gate->left; /* the receiver has returned by now */
	pthread_mutex_unlock(&gate->mutex);
	return NULL;
}

static void disconnecting_waits_for_a_running_receiver(void **state)
{
	struct gate gate = {.mutex = PTHREAD_MUTEX_INITIALIZER, .moved = PTHREAD_COND_INITIALIZER, .scratch = *state};
	pthread_t sender, disconnector;

	assert_ok(dm_connect(gate.scratch->handle, DM_MESSAGE_SENT, wait_at_gate, &gate, NULL));
	assert_int_equal(pthread_create(&sender, NULL, send_one, &gate), 0);
	wait_for(&gate, &gate.entered);
	assert_int_equal(pthread_create(&disconnector, NULL, disconnect_gate, &gate), 0);
	/* The receiver can be connected again as soon as the other thread waits within dm_disconnect. */
	while (dm_connect(gate.scratch->handle, DM_MESSAGE_SENT, wait_at_gate, &gate, NULL) != DM_OK)
		sched_yield();
	set(&gate, &gate.open);
	pthread_join(sender, NULL);
	pthread_join(disconnector, NULL);
	assert_true(gate.disconnected);
}

struct writing_row {
	const struct scratch *scratch;
	enum dm_status read, sent;
};

static bool write_within(void *context, const struct dm_user *user)
{
	struct writing_row *row = context;
	const struct scratch *s = row->scratch;
	int64_t count;

	(void)user;
	row->read = dm_unread_count(s->handle, s->mary, &count, NULL);
	row->sent = dm_send(s->handle, s->john, s->mary, text_of("x"), NULL, NULL);
	return true;
}

static void who_is_lent_what_is_written_may_read(void **state)
{
	struct scratch *s = *state;
	struct dm_user_change change = {.size = sizeof(change), .username = text_of("new")};
	struct writing_row row = {.scratch = s};
	bool created = false;

	assert_ok(dm_user_put(s->handle, &change, &created, write_within, &row, NULL));
	assert_true(created);
	assert_int_equal(row.read, DM_OK);
	assert_int_equal(row.sent, s->is_postgres ? DM_OK : DM_INVALID);
	assert_int_equal(scratch_number(s, "SELECT count(*) FROM auth_user"), 4);
	assert_int_equal(scratch_number(s, "SELECT count(*) FROM directmessages_message"), s->is_postgres);
	scratch_send(s->handle, s->john, s->mary, "y");
}

static void block_within(void *context, enum dm_signal signal, const struct dm_message *message, int64_t from_user,
			 int64_t to)
{
	struct writing_row *row = context;
	const struct scratch *s = row->scratch;

	(void)signal, (void)message, (void)from_user, (void)to;
	row->sent = dm_block(s->handle, s->john, s->mary, NULL);
}

#define MAX_BLOCKS 20

/* A block waits for sends that may not have seen it: on the receiver's thread, for as long as the store may take. */
static void a_block_within_a_receiver_does_not_wait_for_ever(void **state)
{
	struct scratch *s = *state;
	struct writing_row row = {.scratch = s, .sent = DM_INTERNAL};
	void *lock;

	if (!s->is_postgres)
		skip(); /* there one process writes at a time */
	scratch_reopen(s, s->short_timeout_ms);
	assert_ok(dm_connect(s->handle, DM_MESSAGE_SENT, block_within, &row, NULL));
	lock = scratch_lock_as_send(s);
	scratch_send(s->handle, s->bob, s->mary, "x");
	assert_true(row.sent == DM_BUSY ||
		    row.sent == DM_UNAVAILABLE); /* its time ends between two looks, or within one */
	scratch_unlock(s, lock);
	for (int i = 0; i < MAX_BLOCKS && row.sent != DM_OK; i++) /* a slow machine needs longer than the timeout */
		scratch_send(s->handle, s->bob, s->mary, "x");
	assert_int_equal(row.sent, DM_OK);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_signal_comes_once_a_message_after_the_commit, scratch_setup,
						scratch_teardown),
		cmocka_unit_test_setup_teardown(a_failed_write_signals_nothing, scratch_setup, scratch_teardown),
		cmocka_unit_test_setup_teardown(a_receiver_may_send, scratch_setup, scratch_teardown),
		cmocka_unit_test_setup_teardown(a_receiver_is_connected_once_and_disconnected_once, scratch_setup,
						scratch_teardown),
		cmocka_unit_test_setup_teardown(a_receiver_may_disconnect_itself, scratch_setup, scratch_teardown),
		cmocka_unit_test_setup_teardown(disconnecting_waits_for_a_running_receiver, scratch_setup,
						scratch_teardown),
		cmocka_unit_test_setup_teardown(who_is_lent_what_is_written_may_read, scratch_setup, scratch_teardown),
		cmocka_unit_test_setup_teardown(a_block_within_a_receiver_does_not_wait_for_ever, scratch_setup,
						scratch_teardown),
	};

	return RUN_TESTS("library_signals", tests);
}
