/* SPDX-License-Identifier: MIT */
/* test_library_erase.c - the public API on real databases: people are erased, messages are purged. */
#include "scratch.h"

#include <stdlib.h>

#define MESSAGES 450 /* more than a piece */

static int64_t count_of(const struct scratch *s, const char *where)
{
	char sql[256];

	snprintf(sql, sizeof(sql), "SELECT count(*) FROM directmessages_message WHERE %s", where);
	return scratch_number(s, sql);
}

/* ---- erasing ------------------------------------------------------------------------------------------------- */

/* John and mary have written to each other; of each direction some are hidden on either side. */
static void fill(const struct scratch *s)
{
	scratch_send_many(s, s->john, s->mary, MESSAGES);
	scratch_send_many(s, s->mary, s->john, MESSAGES);
	scratch_send_many(s, s->mary, s->bob, 5);
	scratch_sql(s, "UPDATE directmessages_message SET hidden_for_sender = sent_at WHERE id % 3 = 0");
	scratch_sql(s, "UPDATE directmessages_message SET hidden_for_recipient = sent_at WHERE id % 4 = 0");
}

static bool check_erased(void *context, const struct dm_user *user)
{
	char name[32];

	snprintf(name, sizeof(name), "erased-%lld", (long long)user->id);
	assert_true(user->username.length == strlen(name) && memcmp(user->username.data, name, strlen(name)) == 0);
	assert_true(user->first_name.length == 0 && user->last_name.length == 0 && user->email.length == 0);
	assert_false(user->is_active);
	*(bool *)context = true;
	return true;
}

static void make_jane(const struct scratch *s, int64_t *jane, char key[DM_TOKEN_LENGTH + 1])
{
	struct dm_new_user user = {.size = sizeof(user),
				   .username = text_of("jane"),
				   .email = text_of("jane@example.org"),
				   .first_name = text_of("Jane"),
				   .last_name = text_of("Doe"),
				   .password = text_of("secret")};

	assert_ok(dm_user_create(s->handle, &user, jane, NULL));
	assert_ok(dm_token_create(s->handle, text_of("jane"), false, key, NULL));
}

static void the_person_goes_and_nothing_else(void **state)
{
	struct scratch *s = *state;
	struct dm_operation ticket = {.kind = DM_OP_TICKET_CREATE};
	struct dm_erased erased = {.blanked = 7};
	char key[DM_TOKEN_LENGTH + 1], jwt[DM_TOKEN_LENGTH + 1], proxy[DM_TOKEN_LENGTH + 1], other[DM_TOKEN_LENGTH + 1];
	const char *const keys[] = {key, jwt, proxy, other};
	bool found = false;
	int64_t jane;

	make_jane(s, &jane, key);
	snprintf(jwt, sizeof(jwt), "jwt %lld 2000000000", (long long)jane);
	snprintf(proxy, sizeof(proxy), "proxy %lld", (long long)jane);
	snprintf(other, sizeof(other), "jwt %lld1 2000000000", (long long)jane);
	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
		ticket.ticket_create.key = text_of(keys[i]);
		dm_run(s->handle, &ticket);
		assert_int_equal(ticket.status, DM_OK);
	}
	scratch_send(s->handle, jane, s->mary, "kept");
	assert_ok(dm_user_erase(s->handle, jane, DM_ERASE_KEEP, NULL, NULL, &erased, NULL));
	assert_true(erased.blanked == 0 && erased.hidden == 0 && erased.deleted == 0);
	assert_int_equal(count_of(s, "content = 'kept' AND hidden_for_sender IS NULL"), 1);
	assert_ok(dm_user_by_id(s->handle, jane, check_erased, &found, NULL));
	assert_true(found);
	assert_fails(DM_NOT_FOUND, dm_user_by_name(s->handle, text_of("jane"), NULL, NULL, &error));
	assert_fails(DM_NOT_FOUND, dm_authenticate(s->handle, text_of(key), NULL, NULL, &error));
	assert_int_equal(scratch_number(s, "SELECT count(*) FROM authtoken_token"), 0);
	assert_int_equal(scratch_number(s, "SELECT count(*) FROM directmessages_ticket"), 1);
	assert_int_equal(scratch_number(s, "SELECT count(*) FROM auth_user WHERE password = '!erased'"), 1);
	assert_ok(dm_user_by_name(s->handle, text_of("mary"), NULL, NULL, NULL));
	assert_ok(dm_user_erase(s->handle, jane, DM_ERASE_KEEP, NULL, NULL, NULL, NULL));
	assert_fails(DM_NOT_FOUND, dm_user_erase(s->handle, 99999, DM_ERASE_BLANK, NULL, NULL, &erased, &error));
	assert_fails(DM_INVALID, dm_user_erase(s->handle, jane, (enum dm_erase_messages)3, NULL, NULL, NULL, &error));
}

/* Somebody may have taken the name on purpose. Then nothing changes. */
static void a_name_that_is_taken_is_refused_at_first(void **state)
{
	struct scratch *s = *state;
	char key[DM_TOKEN_LENGTH + 1], name[32];
	int64_t jane;

	make_jane(s, &jane, key);
	snprintf(name, sizeof(name), "erased-%lld", (long long)jane);
	scratch_user(s->handle, name);
	scratch_send(s->handle, jane, s->mary, "x");
	assert_fails(DM_EXISTS, dm_user_erase(s->handle, jane, DM_ERASE_BLANK, NULL, NULL, NULL, &error));
	assert_ok(dm_authenticate(s->handle, text_of(key), NULL, NULL, NULL));
	assert_int_equal(count_of(s, "content = 'x'"), 1);
}

static void blanking_leaves_partners_their_rows(void **state)
{
	struct scratch *s = *state;
	struct dm_erased erased;
	struct listed mine = {0}, theirs = {0};
	int64_t seen_before = count_of(s, "true");

	fill(s);
	seen_before = count_of(s, "sender_id = 1 AND hidden_for_recipient IS NULL") +
		      count_of(s, "sender_id = 2 AND recipient_id = 1 AND hidden_for_sender IS NULL");
	assert_int_equal(s->john, 1);
	assert_int_equal(s->mary, 2);
	assert_ok(dm_user_erase(s->handle, s->john, DM_ERASE_BLANK, NULL, NULL, &erased, NULL));
	assert_int_equal(erased.blanked, MESSAGES);
	assert_in_range(erased.hidden, MESSAGES * 3 / 4 - 2, MESSAGES * 3 / 4 + 2);
	assert_int_equal(erased.deleted, 0);
	assert_int_equal(count_of(s, "sender_id = 1 AND content <> ''"), 0);
	assert_int_equal(count_of(s, "sender_id = 2 AND content = 'Hello'"), MESSAGES + 5);
	assert_int_equal(count_of(s, "sender_id = 2 AND recipient_id = 3 AND hidden_for_sender IS NULL") > 0, 1);
	assert_int_equal(count_of(s, "sender_id = 1 AND hidden_for_sender IS NULL"), 0);
	assert_int_equal(count_of(s, "recipient_id = 1 AND hidden_for_recipient IS NULL"), 0);
	/* A time of hiding that was there stays. */
	assert_int_equal(count_of(s, "sender_id = 1 AND hidden_for_sender = sent_at"), MESSAGES / 3);
	assert_ok(dm_conversation(s->handle, s->john, s->mary, NULL, list_message, &mine, NULL));
	assert_int_equal(mine.count, 0);
	theirs.max = 500;
	assert_ok(dm_conversation(s->handle, s->mary, s->john, NULL, list_message, &theirs, NULL));
	assert_int_equal(theirs.count, seen_before > 500 ? 500 : seen_before);
}

static void deleting_is_for_both(void **state)
{
	struct scratch *s = *state;
	struct dm_erased erased;

	fill(s);
	assert_ok(dm_user_erase(s->handle, s->john, DM_ERASE_DELETE, NULL, NULL, &erased, NULL));
	assert_true(erased.blanked == 0 && erased.hidden == 0);
	assert_int_equal(erased.deleted, 2 * MESSAGES);
	assert_int_equal(count_of(s, "true"), 5);
}

struct interruption {
	size_t pieces, after;
};

static bool interrupt(void *context, const struct dm_erased *erased)
{
	struct interruption *interruption = context;

	(void)erased;
	return ++interruption->pieces < interruption->after;
}

/* Ended behind each piece and begun again, by name as an operator would: the end is the same. */
static void an_erasure_may_end_anywhere(void **state)
{
	struct scratch *s = *state;
	struct interruption interruption = {0};
	struct dm_erased erased;
	bool found = false;

	fill(s);
	for (size_t after = 1; interruption.pieces + 1 >= after; after++) {
		interruption = (struct interruption){.after = after};
		assert_ok(dm_user_erase(s->handle, s->john, DM_ERASE_BLANK, interrupt, &interruption, &erased, NULL));
		assert_true(after < 30);
		if (interruption.pieces < after)
			break;
	}
	assert_ok(dm_user_by_id(s->handle, s->john, check_erased, &found, NULL));
	assert_true(found);
	assert_int_equal(count_of(s, "sender_id = 1 AND (content <> '' OR hidden_for_sender IS NULL)"), 0);
	assert_int_equal(count_of(s, "recipient_id = 1 AND hidden_for_recipient IS NULL"), 0);
	assert_int_equal(count_of(s, "sender_id = 2 AND content = ''"), 0);
	assert_ok(dm_user_erase(s->handle, s->john, DM_ERASE_BLANK, NULL, NULL, &erased, NULL));
	assert_true(erased.blanked == 0 && erased.hidden == 0 && erased.deleted == 0);
}

/* The first piece makes the user inactive; the name is there until the last. */
static void a_user_is_closed_first_and_renamed_last(void **state)
{
	struct scratch *s = *state;
	struct dm_operation erase = {.kind = DM_OP_USER_ERASE, .user_erase = {.user_id = s->john}};
	char key[DM_TOKEN_LENGTH + 1];
	size_t pieces = 0;

	fill(s);
	assert_ok(dm_token_create(s->handle, text_of("john"), false, key, NULL));
	do {
		assert_ok(dm_user_by_name(s->handle, text_of("john"), NULL, NULL, NULL));
		dm_run(s->handle, &erase);
		assert_int_equal(erase.status, DM_OK);
		assert_fails(DM_NOT_FOUND, dm_authenticate(s->handle, text_of(key), NULL, NULL, &error));
		assert_int_equal(scratch_number(s, "SELECT count(*) FROM auth_user WHERE id = 1 AND is_active"), 0);
		assert_in_range(erase.user_erase.erased.blanked + erase.user_erase.erased.hidden, 0, 300);
		pieces++;
	} while (erase.user_erase.more);
	assert_in_range(pieces, 6, 12);
	assert_fails(DM_NOT_FOUND, dm_user_by_name(s->handle, text_of("john"), NULL, NULL, &error));
}

static void long_messages_make_small_pieces(void **state)
{
	struct scratch *s = *state;
	struct dm_operation erase = {.kind = DM_OP_USER_ERASE, .user_erase = {.user_id = s->john}};
	char *content = malloc(1000000);
	int64_t most = 0;

	assert_non_null(content);
	memset(content, 'x', 1000000);
	for (size_t i = 0; i < 9; i++)
		assert_ok(dm_send_unrestricted(s->handle, s->john, s->mary, (struct dm_text){content, 60000}, NULL,
					       NULL));
	scratch_sql(s,
		    s->is_postgres
			    ? "UPDATE directmessages_message SET content = repeat(content, 20)"
			    : "UPDATE directmessages_message SET content = replace(hex(zeroblob(600000)), '0', 'x')");
	do {
		dm_run(s->handle, &erase);
		assert_int_equal(erase.status, DM_OK);
		if (erase.user_erase.erased.blanked > most)
			most = erase.user_erase.erased.blanked;
	} while (erase.user_erase.more);
	assert_int_equal(most, 2);
	assert_int_equal(count_of(s, "content <> ''"), 0);
	free(content);
}

/* ---- purging ------------------------------------------------------------------------------------------------- */

struct purge_progress {
	size_t calls, stop_after;
	int64_t reached, last;
};

static bool note_progress(void *context, int64_t removed, int64_t reached_id, int64_t last_id)
{
	struct purge_progress *progress = context;

	(void)removed;
	assert_true(reached_id >= progress->reached);
	progress->reached = reached_id;
	progress->last = last_id;
	return ++progress->calls != progress->stop_after;
}

static int64_t purge(const struct scratch *s, struct dm_purge_options options)
{
	int64_t removed = -1;

	options.size = sizeof(options);
	assert_ok(dm_messages_purge(s->handle, &options, &removed, NULL));
	return removed;
}

static void purging_takes_what_meets_all_criteria(void **state)
{
	struct scratch *s = *state;
	struct purge_progress progress = {0};
	struct dm_purge_options none = DM_PURGE_OPTIONS_INIT;
	int64_t hidden, removed = 7, half;

	fill(s);
	half = scratch_time_of(s, MESSAGES + 1);
	hidden = count_of(s, "hidden_for_sender IS NOT NULL AND hidden_for_recipient IS NOT NULL");
	assert_true(hidden > 60);
	assert_fails(DM_INVALID, dm_messages_purge(s->handle, &none, &removed, &error));
	assert_fails(DM_INVALID, dm_messages_purge(s->handle, NULL, &removed, &error));
	assert_int_equal(removed, 0);
	assert_int_equal(purge(s, (struct dm_purge_options){.hidden_by_both = true, .dry_run = true}), hidden);
	assert_int_equal(purge(s, (struct dm_purge_options){.before = half, .dry_run = true}), MESSAGES);
	assert_int_equal(count_of(s, "true"), 2 * MESSAGES + 5);
	assert_int_equal(purge(s, (struct dm_purge_options){.hidden_by_both = true, .before = half}), MESSAGES / 12);
	assert_int_equal(purge(s, (struct dm_purge_options){.hidden_by_both = true}), hidden - MESSAGES / 12);
	assert_int_equal(
		purge(s, (struct dm_purge_options){.before = half, .on_progress = note_progress, .context = &progress}),
		MESSAGES - MESSAGES / 12);
	assert_in_range(progress.calls, 2, 4);
	assert_int_equal(progress.reached, progress.last);
	assert_int_equal(count_of(s, "id <= 450"), 0);
	assert_int_equal(purge(s, (struct dm_purge_options){.hidden_by_both = true}), 0);
}

static void a_purge_may_be_ended(void **state)
{
	struct scratch *s = *state;
	struct purge_progress progress = {.stop_after = 1};

	scratch_send_many(s, s->john, s->mary, MESSAGES);
	assert_int_equal(purge(s, (struct dm_purge_options){.before = INT64_C(4000000000000000),
							    .on_progress = note_progress,
							    .context = &progress}),
			 300);
	assert_int_equal(count_of(s, "true"), MESSAGES - 300);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, scratch_setup, scratch_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(the_person_goes_and_nothing_else),
		TEST(a_name_that_is_taken_is_refused_at_first),
		TEST(blanking_leaves_partners_their_rows),
		TEST(deleting_is_for_both),
		TEST(an_erasure_may_end_anywhere),
		TEST(a_user_is_closed_first_and_renamed_last),
		TEST(long_messages_make_small_pieces),
		TEST(purging_takes_what_meets_all_criteria),
		TEST(a_purge_may_be_ended),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
