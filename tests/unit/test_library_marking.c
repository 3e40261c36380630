/* SPDX-License-Identifier: MIT */
/* test_library_marking.c - the public API on real databases: a conversation is marked as read in pieces. */
#include "scratch.h"

#include <stdlib.h>

#define MESSAGES 450

/* What a receiver of message_read has got. */
struct read_signals {
	size_t count;
	int64_t last, read_at;
	bool in_order, alike;
};

static void on_read(void *context, enum dm_signal signal, const struct dm_message *message, int64_t from_user,
		    int64_t to)
{
	struct read_signals *signals = context;

	(void)signal, (void)from_user, (void)to;
	signals->in_order = (signals->count == 0 || signals->in_order) && message->id > signals->last;
	signals->alike = (signals->count == 0 || (signals->alike && message->read_at == signals->read_at)) &&
			 message->content.length == 5 && memcmp(message->content.data, "Hello", 5) == 0;
	signals->last = message->id;
	signals->read_at = message->read_at;
	signals->count++;
}

static int64_t unread_of(const struct scratch *s, int64_t user_id)
{
	int64_t count;

	assert_ok(dm_unread_count(s->handle, user_id, &count, NULL));
	return count;
}

static void pieces_are_marked_oldest_first_and_signalled_each(void **state)
{
	struct scratch *s = *state;
	struct dm_operation mark = {.kind = DM_OP_MARK_CONVERSATION_READ,
				    .mark_conversation_read = {.user_id = s->mary, .partner_id = s->john}};
	struct read_signals signals = {0};
	size_t pieces = 0;

	scratch_send_many(s, s->john, s->mary, MESSAGES);
	scratch_send(s->handle, s->bob, s->mary, "another's");
	assert_ok(dm_connect(s->handle, DM_MESSAGE_READ, on_read, &signals, NULL));
	do {
		dm_run(s->handle, &mark);
		assert_int_equal(mark.status, DM_OK);
		assert_int_equal(signals.count, MESSAGES + 1 - unread_of(s, s->mary));
		assert_in_range(mark.mark_conversation_read.marked, 1, 300);
		pieces++;
	} while (mark.mark_conversation_read.more);
	assert_in_range(pieces, 3, 10);
	assert_int_equal(signals.count, MESSAGES);
	assert_true(signals.in_order);
	assert_true(signals.alike);
	assert_int_equal(unread_of(s, s->mary), 1);
	dm_run(s->handle, &mark);
	assert_int_equal(mark.mark_conversation_read.marked, 0);
	assert_false(mark.mark_conversation_read.more);
	assert_true(dm_disconnect(s->handle, DM_MESSAGE_READ, on_read, &signals));
}

/* A sender who goes on sending must not make the marking endless. */
static void what_is_sent_meanwhile_is_left(void **state)
{
	struct scratch *s = *state;
	struct dm_operation mark = {.kind = DM_OP_MARK_CONVERSATION_READ,
				    .mark_conversation_read = {.user_id = s->mary, .partner_id = s->john}};
	int64_t marked = 0, sent = 0;

	scratch_send_many(s, s->john, s->mary, MESSAGES);
	do {
		dm_run(s->handle, &mark);
		assert_int_equal(mark.status, DM_OK);
		marked += mark.mark_conversation_read.marked;
		if (mark.mark_conversation_read.more)
			scratch_send_many(s, s->john, s->mary, MESSAGES), sent += MESSAGES;
		assert_in_range(sent, 0, 10 * MESSAGES);
	} while (mark.mark_conversation_read.more);
	assert_true(sent > 0);
	assert_int_equal(marked, MESSAGES);
	assert_int_equal(unread_of(s, s->mary), sent);
}

static void a_piece_that_was_the_last_before_an_end_loses_nothing(void **state)
{
	struct scratch scratch;
	struct dm_options options = {
		.size = sizeof(options), .record_events = true, .busy_timeout_ms = SCRATCH_TIMEOUT_MS};
	struct dm_conversation_options wanted = {.size = sizeof(wanted), .limit = 1, .mark_read = true};
	struct dm_operation mark = {.kind = DM_OP_MARK_CONVERSATION_READ};
	struct listed listed = {0};

	(void)state;
	scratch_make(&scratch);
	scratch_open(&scratch, &options);
	scratch_send_many(&scratch, scratch.john, scratch.mary, MESSAGES);
	mark.mark_conversation_read.user_id = scratch.mary;
	mark.mark_conversation_read.partner_id = scratch.john;
	dm_run(scratch.handle, &mark);
	assert_true(mark.mark_conversation_read.more);
	dm_close(scratch.handle);
	options.database = scratch.url;
	assert_ok(dm_open(&options, &scratch.handle, NULL));
	assert_int_equal(unread_of(&scratch, scratch.mary), MESSAGES - mark.mark_conversation_read.marked);
	assert_int_equal(scratch_number(&scratch, "SELECT count(*) FROM directmessages_event WHERE kind = 2"),
			 mark.mark_conversation_read.marked);
	assert_ok(dm_conversation(scratch.handle, scratch.mary, scratch.john, &wanted, list_message, &listed, NULL));
	assert_int_equal(unread_of(&scratch, scratch.mary), 0);
	assert_int_equal(scratch_number(&scratch, "SELECT count(DISTINCT message_id) * 1000000 + count(*)"
						  " FROM directmessages_event WHERE kind = 2"),
			 MESSAGES * INT64_C(1000000) + MESSAGES);
	scratch_remove(&scratch);
}

/* On PostgreSQL a piece walks over messages that are read already. */
static void one_unread_among_many_that_were_read_is_found(void **state)
{
	struct scratch *s = *state;
	struct dm_conversation_options wanted = {.size = sizeof(wanted), .limit = 1, .mark_read = true};
	struct listed listed = {0};
	int64_t hidden;

	for (int i = 0; i < 3; i++)
		scratch_send_many(s, s->john, s->mary, MESSAGES);
	hidden = scratch_send(s->handle, s->john, s->mary, "hidden");
	assert_ok(dm_hide_message(s->handle, s->mary, hidden, NULL));
	scratch_sql(
		s,
		"UPDATE directmessages_message SET read_at = sent_at WHERE id NOT IN (1, 700, 1350) AND content <> 'hidden'");
	assert_int_equal(unread_of(s, s->mary), 3);
	assert_ok(dm_conversation(s->handle, s->mary, s->john, &wanted, list_message, &listed, NULL));
	assert_int_equal(unread_of(s, s->mary), 0);
	assert_int_equal(scratch_number(s, "SELECT count(*) FROM directmessages_message WHERE read_at IS NULL"), 1);
}

/* What a Django project may have added: it refuses to change the message `id`. */
static void refuse_changes(const struct scratch *s, int64_t id)
{
	char sql[400];

	snprintf(sql, sizeof(sql),
		 s->is_postgres ? "CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN"
				  " IF NEW.id = %lld THEN RAISE EXCEPTION 'refused'; END IF; RETURN NEW; END $$;"
				  " CREATE TRIGGER refuse BEFORE UPDATE ON directmessages_message FOR EACH ROW"
				  " EXECUTE FUNCTION refuse()"
				: "CREATE TRIGGER refuse BEFORE UPDATE ON directmessages_message WHEN NEW.id = %lld"
				  " BEGIN SELECT RAISE(ABORT, 'refused'); END",
		 (long long)id);
	scratch_sql(s, sql);
}

static void allow_changes(const struct scratch *s)
{
	scratch_sql(s, s->is_postgres ? "DROP TRIGGER refuse ON directmessages_message" : "DROP TRIGGER refuse");
}

/* A piece is marked, and the next one fails. */
static void what_failed_begins_anew_where_it_is_submitted_again(void **state)
{
	struct scratch *s = *state;
	struct dm_operation mark = {.kind = DM_OP_MARK_CONVERSATION_READ,
				    .mark_conversation_read = {.user_id = s->mary, .partner_id = s->john}};

	scratch_send_many(s, s->john, s->mary, MESSAGES);
	refuse_changes(s, MESSAGES);
	dm_run(s->handle, &mark);
	assert_int_equal(mark.status, DM_OK);
	assert_true(mark.mark_conversation_read.more);
	do
		dm_run(s->handle, &mark);
	while (mark.status == DM_OK && mark.mark_conversation_read.more);
	assert_int_equal(mark.status, DM_INTERNAL);
	assert_false(mark.mark_conversation_read.more);
	scratch_sql(s, "UPDATE directmessages_message SET read_at = NULL WHERE id = 1");
	allow_changes(s);
	do {
		dm_run(s->handle, &mark);
		assert_int_equal(mark.status, DM_OK);
	} while (mark.mark_conversation_read.more);
	assert_int_equal(unread_of(s, s->mary), 0);
}

/* After a failure every output is 0, though pieces are stored. */
static void a_call_that_fails_in_a_later_piece_gives_0(void **state)
{
	struct scratch *s = *state;
	int64_t marked = 7, hidden = 7;

	scratch_send_many(s, s->john, s->mary, MESSAGES);
	refuse_changes(s, MESSAGES);
	assert_fails(DM_INTERNAL, dm_mark_conversation_read(s->handle, s->mary, s->john, &marked, &error));
	assert_int_equal(marked, 0);
	assert_true(unread_of(s, s->mary) < MESSAGES);
	assert_fails(DM_INTERNAL, dm_hide_conversation(s->handle, s->mary, s->john, &hidden, &error));
	assert_int_equal(hidden, 0);
	marked = 7;
	assert_fails(DM_INTERNAL, dm_mark_all_read(s->handle, s->mary, &marked, &error));
	assert_int_equal(marked, 0);
}

/* The calls of messages.h that mark and hide at will; they say how many messages were changed. */
static void calls_say_how_many_they_have_changed(void **state)
{
	struct scratch *s = *state;
	struct listed listed = {0};
	int64_t ids[3], other, count;

	for (size_t i = 0; i < 3; i++)
		ids[i] = scratch_send(s->handle, s->john, s->mary, "a");
	other = scratch_send(s->handle, s->bob, s->mary, "b");
	assert_ok(dm_mark_read_up_to(s->handle, s->mary, s->john, ids[1], &count, NULL));
	assert_int_equal(count, 2);
	assert_fails(DM_NOT_FOUND, dm_mark_read_up_to(s->handle, s->mary, s->john, other, NULL, &error));
	assert_fails(DM_NOT_FOUND, dm_mark_unread_from(s->handle, s->mary, s->john, other, NULL, &error));
	assert_ok(dm_mark_conversation_read(s->handle, s->mary, s->john, &count, NULL));
	assert_int_equal(count, 1);
	assert_ok(dm_mark_unread(s->handle, s->mary, s->john, &count, NULL));
	assert_int_equal(count, 1);
	assert_ok(dm_mark_unread_from(s->handle, s->mary, s->john, ids[0], &count, NULL));
	assert_int_equal(count, 2);
	assert_ok(dm_unread_count_from(s->handle, s->mary, s->john, &count, NULL));
	assert_int_equal(count, 3);
	assert_ok(dm_mark_all_read(s->handle, s->mary, &count, NULL));
	assert_int_equal(count, 4);
	assert_ok(dm_hide_conversation(s->handle, s->mary, s->john, &count, NULL));
	assert_int_equal(count, 3);
	assert_ok(dm_hide_conversation(s->handle, s->mary, s->john, &count, NULL));
	assert_int_equal(count, 0);
	assert_fails(DM_NOT_FOUND, dm_get_message(s->handle, s->mary, ids[0], list_message, &listed, &error));
	assert_ok(dm_get_message(s->handle, s->john, ids[0], list_message, &listed, NULL));
	assert_listed(listed, ids[0]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(calls_say_how_many_they_have_changed, scratch_setup, scratch_teardown),
		cmocka_unit_test_setup_teardown(pieces_are_marked_oldest_first_and_signalled_each, scratch_setup,
						scratch_teardown),
		cmocka_unit_test_setup_teardown(what_is_sent_meanwhile_is_left, scratch_setup, scratch_teardown),
		cmocka_unit_test(a_piece_that_was_the_last_before_an_end_loses_nothing),
		cmocka_unit_test_setup_teardown(one_unread_among_many_that_were_read_is_found, scratch_setup,
						scratch_teardown),
		cmocka_unit_test_setup_teardown(what_failed_begins_anew_where_it_is_submitted_again, scratch_setup,
						scratch_teardown),
		cmocka_unit_test_setup_teardown(a_call_that_fails_in_a_later_piece_gives_0, scratch_setup,
						scratch_teardown),
	};

	return RUN_TESTS("library_marking", tests);
}
