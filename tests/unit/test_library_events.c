/* SPDX-License-Identifier: MIT */
/* test_library_events.c - the public API on a real file: what the event log holds, how it is read and trimmed. */
#include "scratch.h"

#include <stdlib.h>

static const struct dm_options recording = {.size = sizeof(recording), .record_events = true};

static int setup(void **state)
{
	struct scratch *scratch = malloc(sizeof(*scratch));

	assert_non_null(scratch);
	scratch_make(scratch);
	scratch_open(scratch, &recording);
	*state = scratch;
	return 0;
}

/* Lists the id of the message; negative: the event is that it was read. */
static bool list_event(void *context, const struct dm_event *event)
{
	struct listed *listed = context;
	bool is_read = event->signal == DM_MESSAGE_READ;

	assert_int_equal(event->message.read_at, is_read ? event->at : DM_UNREAD);
	assert_true(is_read || event->at == event->message.sent_at);
	assert_in_range(listed->count, 0, 511);
	listed->ids[listed->count++] = is_read ? -event->message.id : event->message.id;
	return listed->count != listed->max;
}

static struct dm_event_position newest(const struct scratch *s)
{
	struct dm_event_position position;

	scratch_settle(s);
	assert_ok(dm_events_newest(s->handle, &position, NULL));
	return position;
}

/* Reads the events behind the position, and moves the position. */
static struct listed read_on(const struct scratch *s, int64_t user, struct dm_event_position *position, size_t limit)
{
	struct listed listed = {0};

	scratch_settle(s);
	assert_ok(dm_events(s->handle, user, position, limit, NULL, list_event, &listed, NULL));
	return listed;
}

static void each_message_sent_or_read_is_an_event(void **state)
{
	struct scratch *s = *state;
	struct dm_conversation_options mark = {.size = sizeof(mark), .mark_read = true};
	struct dm_event_position position = newest(s);
	struct listed listed = {0};

	scratch_send(s->handle, s->john, s->mary, "a");
	scratch_send(s->handle, s->john, s->mary, "b");
	scratch_send(s->handle, s->mary, s->john, "c");
	assert_ok(dm_conversation(s->handle, s->mary, s->john, &mark, list_message, &listed, NULL));
	assert_ok(dm_mark_read(s->handle, 3, NULL));
	assert_ok(dm_mark_read(s->handle, 3, NULL));
	listed = read_on(s, 0, &position, 0);
	assert_listed(listed, 1, 2, 3, -1, -2, -3);
	assert_memory_equal(&position, &(struct dm_event_position){0}, sizeof(position.transaction));
	assert_int_equal(newest(s).id, position.id);
	assert_int_equal(read_on(s, 0, &position, 0).count, 0);
}

static void what_fails_is_no_event(void **state)
{
	struct scratch *s = *state;
	struct dm_event_position position = newest(s);

	assert_fails(DM_NOT_FOUND, dm_send(s->handle, s->john, 99, text_of("x"), NULL, &error));
	assert_fails(DM_SELF, dm_send(s->handle, s->john, s->john, text_of("x"), NULL, &error));
	assert_fails(DM_NOT_FOUND, dm_mark_read(s->handle, 99, &error));
	assert_int_equal(read_on(s, 0, &position, 0).count, 0);
}

static void nothing_is_recorded_unless_asked_for(void **state)
{
	struct scratch *s = *state;

	scratch_send(s->handle, s->john, s->mary, "a");
	assert_ok(dm_mark_read(s->handle, 1, NULL));
	assert_int_equal(scratch_number(s, "SELECT count(*) FROM directmessages_event WHERE kind > 0"), 0);
}

static void it_is_read_in_pieces_and_by_user(void **state)
{
	struct scratch *s = *state;
	struct dm_event_position start = newest(s), position = start;
	struct listed listed = {.max = 2};
	int64_t places = -1;

	scratch_send(s->handle, s->john, s->mary, "a");
	scratch_send(s->handle, s->bob, s->john, "b");
	scratch_send(s->handle, s->mary, s->bob, "c");
	scratch_send(s->handle, s->bob, s->mary, "d");
	scratch_settle(s);
	assert_ok(dm_events(s->handle, s->john, &position, 3, &places, list_event, &listed, NULL));
	assert_int_equal(places, 2); /* the row function has ended the reading */
	listed = (struct listed){0};
	assert_ok(dm_events(s->handle, s->john, &position, 3, &places, list_event, &listed, NULL));
	assert_int_equal(places, 2);
	assert_int_equal(listed.count, 0);
	position = start;
	listed = read_on(s, s->mary, &position, 3);
	assert_listed(listed, 1, 3);
	listed = read_on(s, s->mary, &position, 3);
	assert_listed(listed, 4);
	assert_int_equal(position.id, newest(s).id);
}

static void a_position_that_the_log_does_not_hold_is_refused(void **state)
{
	struct scratch *s = *state;
	const struct dm_event_position there = newest(s), wrong[] = {
								  {0},
								  {0, -1, there.mark},
								  {0, 99, there.mark},
								  {there.transaction + 1, there.id, there.mark},
								  {there.transaction, INT64_MAX, there.mark},
								  {there.transaction, there.id, there.mark + 1},
								  {there.transaction, there.id, 0},
							  };

	scratch_send(s->handle, s->john, s->mary, "a");
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		struct dm_event_position position = wrong[i];
		struct listed listed = {0};

		assert_fails(DM_NOT_FOUND, dm_events(s->handle, 0, &position, 0, NULL, list_event, &listed, &error));
		assert_int_equal(listed.count, 0);
		assert_memory_equal(&position, &wrong[i], sizeof(position));
	}
}

static int64_t trim(const struct scratch *s, int64_t before, size_t keep)
{
	int64_t removed = -1;

	assert_ok(dm_events_trim(s->handle, before, keep, &removed, NULL));
	return removed;
}

static void it_is_trimmed_by_number_and_by_age_but_for_the_newest(void **state)
{
	struct scratch *s = *state;
	struct dm_event_position start = newest(s), position = start;
	struct dm_message third = {0};
	struct listed listed = {0};

	scratch_send(s->handle, s->john, s->mary, "a");
	listed = read_on(s, 0, &position, 0);
	assert_listed(listed, 1);
	scratch_send(s->handle, s->john, s->mary, "b");
	assert_ok(dm_send(s->handle, s->john, s->mary, text_of("c"), &third, NULL));
	scratch_send(s->handle, s->john, s->mary, "d");
	assert_int_equal(trim(s, 0, 0), 0);
	assert_int_equal(trim(s, 0, 5), 0);
	assert_int_equal(trim(s, 0, 4), 1); /* the beginning */
	assert_fails(DM_NOT_FOUND, dm_events(s->handle, 0, &start, 0, NULL, list_event, &listed, &error));
	listed = read_on(s, 0, &position, 0);
	assert_listed(listed, 2, 3, 4);
	assert_int_equal(trim(s, third.sent_at, 0), 2);
	assert_int_equal(trim(s, INT64_MAX, 1), 1);
	assert_int_equal(trim(s, INT64_MAX, 1), 0);
	assert_int_equal(newest(s).id, position.id);
	scratch_send(s->handle, s->john, s->mary, "e");
	listed = read_on(s, 0, &position, 0);
	assert_listed(listed, 5);
}

static void much_is_trimmed_in_pieces(void **state)
{
	struct scratch *s = *state;
	int64_t removed, total = 0;
	size_t calls = 0;

	scratch_sql(s, "INSERT INTO directmessages_event (kind, message_id, sender_id, recipient_id, at)"
		       " WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 12000)"
		       " SELECT 1, i, 1, 2, i FROM n; UPDATE directmessages_event SET at = 0 WHERE id = 1");
	while ((removed = trim(s, 11001, 0)) > 0) {
		total += removed;
		calls++;
	}
	assert_int_equal(total, 11001);
	assert_int_equal(calls, 3);
	assert_int_equal(scratch_number(s, "SELECT min(at) FROM directmessages_event"), 11001);
}

static void events_of_messages_that_are_gone_are_passed_over(void **state)
{
	struct scratch *s = *state;
	struct dm_event_position position = newest(s);
	struct listed listed;

	scratch_send(s->handle, s->john, s->mary, "a");
	scratch_send(s->handle, s->john, s->mary, "b");
	scratch_sql(s, "DELETE FROM directmessages_message WHERE id = 2");
	listed = read_on(s, 0, &position, 0);
	assert_listed(listed, 1);
	assert_int_equal(position.id, newest(s).id);
}

static bool note_hidden(void *context, const struct dm_event *event)
{
	char *trace = context;

	strcat(trace, event->hidden_for_sender ? "s" : "-");
	strcat(trace, event->hidden_for_recipient ? "r" : "-");
	return true;
}

static void it_tells_for_whom_a_message_is_hidden(void **state)
{
	struct scratch *s = *state;
	struct dm_event_position position = newest(s);
	char trace[16] = "";

	for (int i = 0; i < 3; i++)
		scratch_send(s->handle, s->john, s->mary, "a");
	assert_ok(dm_hide_message(s->handle, s->john, 2, NULL));
	assert_ok(dm_hide_message(s->handle, s->mary, 3, NULL));
	scratch_settle(s);
	assert_ok(dm_events(s->handle, 0, &position, 0, NULL, note_hidden, trace, NULL));
	assert_string_equal(trace, "--s--r");
}

/* Counts the signals, and reads the event log from within the receiver. */
struct log_watch {
	const struct scratch *scratch;
	struct dm_event_position position;
	size_t calls, events;
};

static void watch_log(void *context, enum dm_signal signal, const struct dm_message *message, int64_t from_user,
		      int64_t to)
{
	struct log_watch *watch = context;

	assert_int_equal(signal, DM_EVENTS_RECORDED);
	assert_null(message);
	assert_true(from_user == 0 && to == 0);
	watch->calls++;
	watch->events += read_on(watch->scratch, 0, &watch->position, 0).count;
}

static void a_receiver_hears_once_a_commit_that_the_log_has_grown(void **state)
{
	struct scratch *s = *state;
	struct dm_conversation_options mark = {.size = sizeof(mark), .mark_read = true};
	struct log_watch watch = {.scratch = s, .position = newest(s)};
	struct listed listed = {0};

	assert_ok(dm_connect(s->handle, DM_EVENTS_RECORDED, watch_log, &watch, NULL));
	for (int i = 0; i < 3; i++)
		scratch_send(s->handle, s->john, s->mary, "a");
	assert_int_equal(watch.calls, 3);
	assert_int_equal(watch.events, 3);
	assert_fails(DM_NOT_FOUND, dm_send(s->handle, s->john, 99, text_of("x"), NULL, &error));
	assert_ok(dm_hide_message(s->handle, s->john, 1, NULL));
	assert_int_equal(watch.calls, 4);
	assert_ok(dm_conversation(s->handle, s->mary, s->john, &mark, list_message, &listed, NULL));
	assert_int_equal(watch.calls, 5);
	assert_int_equal(watch.events, 6);
	assert_true(dm_disconnect(s->handle, DM_EVENTS_RECORDED, watch_log, &watch));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(each_message_sent_or_read_is_an_event, setup, scratch_teardown),
		cmocka_unit_test_setup_teardown(what_fails_is_no_event, setup, scratch_teardown),
		cmocka_unit_test_setup_teardown(nothing_is_recorded_unless_asked_for, scratch_setup, scratch_teardown),
		cmocka_unit_test_setup_teardown(it_is_read_in_pieces_and_by_user, setup, scratch_teardown),
		cmocka_unit_test_setup_teardown(a_position_that_the_log_does_not_hold_is_refused, setup,
						scratch_teardown),
		cmocka_unit_test_setup_teardown(it_is_trimmed_by_number_and_by_age_but_for_the_newest, setup,
						scratch_teardown),
		cmocka_unit_test_setup_teardown(much_is_trimmed_in_pieces, setup, scratch_teardown),
		cmocka_unit_test_setup_teardown(events_of_messages_that_are_gone_are_passed_over, setup,
						scratch_teardown),
		cmocka_unit_test_setup_teardown(it_tells_for_whom_a_message_is_hidden, setup, scratch_teardown),
		cmocka_unit_test_setup_teardown(a_receiver_hears_once_a_commit_that_the_log_has_grown, setup,
						scratch_teardown),
	};

	return RUN_TESTS("library_events", tests);
}
