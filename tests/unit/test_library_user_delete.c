/* SPDX-License-Identifier: MIT */
/* test_library_user_delete.c - the public API on real databases: who is deleted, and what goes with them. */
#include "scratch.h"

static void who_has_messages_is_not_deleted(void **state)
{
	struct scratch *s = *state;

	scratch_send(s->handle, s->john, s->mary, "one");
	assert_fails(DM_EXISTS, dm_user_delete(s->handle, text_of("john"), &error));
	assert_fails(DM_EXISTS, dm_user_delete(s->handle, text_of("mary"), &error));
	assert_ok(dm_user_delete(s->handle, text_of("bob"), NULL));
	assert_fails(DM_NOT_FOUND, dm_user_delete(s->handle, text_of("bob"), &error));
	assert_int_equal(scratch_number(s, "SELECT count(*) FROM auth_user"), 2);
}

#define BLOCKS 1200 /* more than a piece */

/* Bob's, and some of others that look much like them: the id of 10 times bob, and one more. */
static void store_about_bob(const struct scratch *s, char token[DM_TOKEN_LENGTH + 1])
{
	char sql[1000], keys[4][40];

	snprintf(keys[0], 40, "jwt %lld 5", (long long)s->bob);
	snprintf(keys[1], 40, "proxy %lld", (long long)s->bob);
	snprintf(keys[2], 40, "jwt %lld0 5", (long long)s->bob);
	snprintf(keys[3], 40, "proxy %lld0", (long long)s->bob);
	assert_ok(dm_token_create(s->handle, text_of("bob"), false, token, NULL));
	for (size_t i = 0; i <= 4; i++) {
		struct dm_operation ticket = {.kind = DM_OP_TICKET_CREATE,
					      .ticket_create = {.key = text_of(i < 4 ? keys[i] : token)}};

		dm_run(s->handle, &ticket);
		assert_int_equal(ticket.status, DM_OK);
	}
	snprintf(sql, sizeof(sql),
		 "WITH RECURSIVE n (i) AS (SELECT 1000 UNION ALL SELECT i + 1 FROM n WHERE i < 999 + %d)"
		 " INSERT INTO directmessages_block (user_id, blocked_id, blocked_at) SELECT %lld, i, 1 FROM n"
		 " UNION ALL SELECT i, %lld, 1 FROM n",
		 BLOCKS, (long long)s->bob, (long long)s->bob);
	scratch_sql(s, sql);
	snprintf(sql, sizeof(sql),
		 "INSERT INTO directmessages_new_partner (user_id, partner_id, started_at) VALUES (%lld, 1000, 1),"
		 " (1000, %lld, 1), (1000, 1001, 1)",
		 (long long)s->bob, (long long)s->bob);
	scratch_sql(s, sql);
	snprintf(sql, sizeof(sql),
		 "INSERT INTO directmessages_idempotency_key (user_id, key, message_id, recipient_id, fingerprint, at)"
		 " VALUES (%lld, 'k', 1, 1000, '', 1), (1000, 'k', 1, 1001, '', 1)",
		 (long long)s->bob);
	scratch_sql(s, sql);
	snprintf(sql, sizeof(sql),
		 "INSERT INTO directmessages_inbox (user_id, partner_id, last_at, last_id)"
		 " VALUES (%lld, 1000, '2026-01-01 00:00:00', 1), (1000, 1001, '2026-01-01 00:00:00', 1)",
		 (long long)s->bob);
	scratch_sql(s, sql);
}

/* Whoever is given the same id, perhaps by a Django project, begins anew. */
static void what_is_stored_about_a_user_goes_with_them(void **state)
{
	struct scratch *s = *state;
	char token[DM_TOKEN_LENGTH + 1];

	store_about_bob(s, token);
	assert_ok(dm_block(s->handle, s->john, s->mary, NULL));
	assert_ok(dm_user_delete(s->handle, text_of("bob"), NULL));
	assert_int_equal(scratch_number(s, "SELECT count(*) FROM auth_user"), 2);
	assert_int_equal(scratch_number(s, "SELECT count(*) FROM authtoken_token"), 0);
	assert_int_equal(scratch_number(s, "SELECT count(*) FROM directmessages_ticket"), 2);
	assert_int_equal(scratch_number(s, "SELECT count(*) FROM directmessages_block"), 1);
	assert_int_equal(scratch_number(s, "SELECT count(*) FROM directmessages_new_partner"), 1);
	assert_int_equal(scratch_number(s, "SELECT count(*) FROM directmessages_idempotency_key"), 1);
	assert_int_equal(scratch_number(s, "SELECT count(*) FROM directmessages_inbox"), 1);
}

/* Nor is anything of theirs. */
static void who_is_needed_keeps_everything(void **state)
{
	struct scratch *s = *state;
	char token[DM_TOKEN_LENGTH + 1];

	store_about_bob(s, token);
	scratch_sql(s, "CREATE TABLE profile (user_id integer NOT NULL REFERENCES auth_user (id))");
	scratch_sql(s, "INSERT INTO profile SELECT id FROM auth_user WHERE username = 'bob'");
	assert_fails(DM_EXISTS, dm_user_delete(s->handle, text_of("bob"), &error));
	assert_ok(dm_authenticate(s->handle, text_of(token), NULL, NULL, NULL));
	assert_int_equal(scratch_number(s, "SELECT count(*) FROM directmessages_ticket"), 5);
	assert_int_equal(scratch_number(s, "SELECT count(*) FROM directmessages_block"), 2 * BLOCKS);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, scratch_setup, scratch_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(who_has_messages_is_not_deleted),
		TEST(what_is_stored_about_a_user_goes_with_them),
		TEST(who_is_needed_keeps_everything),
	};

	return RUN_TESTS("library_user_delete", tests);
}
