/* SPDX-License-Identifier: MIT */
/* test_signals.c - connecting, emitting, and disconnecting meanwhile. */
#include "signals.h"

#include "unit.h"

static struct signals signals;
static char trace[32];

static int setup(void **state)
{
	(void)state;
	signals_init(&signals);
	trace[0] = '\0';
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	signals_release(&signals);
	return 0;
}

static void emit(enum dm_signal signal)
{
	static const struct dm_message message = {.id = 1, .sender_id = 2, .recipient_id = 3, .read_at = DM_UNREAD};

	signals_emit(&signals, signal, &message);
}

/* Writes down the letter that the context points to. */
static void note(void *context, enum dm_signal signal, const struct dm_message *message, int64_t from_user, int64_t to)
{
	(void)signal;
	assert_int_equal(message->id, 1);
	assert_int_equal(from_user, 2);
	assert_int_equal(to, 3);
	strncat(trace, context, 1);
}

static char a[] = "a", b[] = "b", c[] = "c";

static void disconnect_b(void *context, enum dm_signal signal, const struct dm_message *message, int64_t from_user,
			 int64_t to)
{
	note(context, signal, message, from_user, to);
	assert_true(signals_disconnect(&signals, signal, note, b));
}

static void disconnect_self(void *context, enum dm_signal signal, const struct dm_message *message, int64_t from_user,
			    int64_t to)
{
	note(context, signal, message, from_user, to);
	assert_true(signals_disconnect(&signals, signal, disconnect_self, context));
	assert_false(signals_disconnect(&signals, signal, disconnect_self, context));
}

/* Emits once more from within, and leaves the list from within that. */
static void nest(void *context, enum dm_signal signal, const struct dm_message *message, int64_t from_user, int64_t to)
{
	note(context, signal, message, from_user, to);
	if (strlen(trace) < 3)
		emit(signal);
	else
		assert_true(signals_disconnect(&signals, signal, nest, context));
}

static void connect_to(enum dm_signal signal, dm_receiver *receiver, char *context)
{
	assert_int_equal(signals_connect(&signals, signal, receiver, context, NULL), DM_OK);
}

static void receivers_are_called_in_their_order(void **state)
{
	(void)state;
	emit(DM_MESSAGE_SENT);
	connect_to(DM_MESSAGE_SENT, note, b);
	connect_to(DM_MESSAGE_READ, note, a);
	connect_to(DM_MESSAGE_SENT, note, c);
	connect_to(DM_MESSAGE_SENT, note, a);
	emit(DM_MESSAGE_SENT);
	assert_string_equal(trace, "bca");
	emit(DM_MESSAGE_READ);
	assert_string_equal(trace, "bcaa");
}

static void a_receiver_is_known_by_function_context_and_signal(void **state)
{
	struct dm_error error = {0};

	(void)state;
	assert_false(signals_has_receivers(&signals, DM_MESSAGE_SENT));
	connect_to(DM_MESSAGE_SENT, note, a);
	assert_true(signals_has_receivers(&signals, DM_MESSAGE_SENT));
	assert_false(signals_has_receivers(&signals, DM_MESSAGE_READ));
	assert_int_equal(signals_connect(&signals, DM_MESSAGE_SENT, note, a, &error), DM_EXISTS);
	assert_int_equal(error.status, DM_EXISTS);
	assert_false(signals_disconnect(&signals, DM_MESSAGE_READ, note, a));
	assert_false(signals_disconnect(&signals, DM_MESSAGE_SENT, nest, a));
	assert_false(signals_disconnect(&signals, DM_MESSAGE_SENT, note, b));
	assert_true(signals_disconnect(&signals, DM_MESSAGE_SENT, note, a));
	assert_false(signals_has_receivers(&signals, DM_MESSAGE_SENT));
	connect_to(DM_MESSAGE_SENT, note, a);
	emit(DM_MESSAGE_SENT);
	assert_string_equal(trace, "a");
}

static void who_is_disconnected_meanwhile_is_not_called(void **state)
{
	(void)state;
	connect_to(DM_MESSAGE_SENT, disconnect_b, a);
	connect_to(DM_MESSAGE_SENT, note, b);
	connect_to(DM_MESSAGE_SENT, note, c);
	emit(DM_MESSAGE_SENT);
	assert_string_equal(trace, "ac");
}

static void a_receiver_may_leave_from_within(void **state)
{
	(void)state;
	connect_to(DM_MESSAGE_SENT, disconnect_self, a);
	connect_to(DM_MESSAGE_SENT, note, b);
	emit(DM_MESSAGE_SENT);
	emit(DM_MESSAGE_SENT);
	assert_string_equal(trace, "abb");
}

static void a_receiver_may_leave_from_within_itself_within_itself(void **state)
{
	(void)state;
	connect_to(DM_MESSAGE_SENT, nest, a);
	emit(DM_MESSAGE_SENT);
	assert_string_equal(trace, "aaa");
	emit(DM_MESSAGE_SENT);
	assert_string_equal(trace, "aaa");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(receivers_are_called_in_their_order, setup, teardown),
		cmocka_unit_test_setup_teardown(a_receiver_is_known_by_function_context_and_signal, setup, teardown),
		cmocka_unit_test_setup_teardown(who_is_disconnected_meanwhile_is_not_called, setup, teardown),
		cmocka_unit_test_setup_teardown(a_receiver_may_leave_from_within, setup, teardown),
		cmocka_unit_test_setup_teardown(a_receiver_may_leave_from_within_itself_within_itself, setup, teardown),
	};

	return RUN_TESTS("signals", tests);
}
