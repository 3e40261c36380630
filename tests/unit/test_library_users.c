/* SPDX-License-Identifier: MIT */
/* test_library_users.c - the public API on a real file: users and tokens. */
#include "scratch.h"

static bool check_user(void *context, const struct dm_user *user)
{
	const struct dm_new_user *wanted = context;

	assert_bytes(user->username, wanted->username.data, wanted->username.length);
	assert_bytes(user->email, wanted->email.data, wanted->email.length);
	assert_bytes(user->first_name, wanted->first_name.data, wanted->first_name.length);
	assert_bytes(user->last_name, wanted->last_name.data, wanted->last_name.length);
	assert_true(user->is_active);
	return true;
}

static void a_user_is_stored_as_told(void **state)
{
	struct scratch *s = *state;
	struct dm_new_user user = {sizeof(user),
				   text_of("j\xc3\xb6rg.b@x+y-z_1"),
				   text_of("j@example.org"),
				   text_of("J\xc3\xb6rg"),
				   text_of("B"),
				   text_of("secret")};
	struct listed listed = {0};
	int64_t id = 0;

	assert_ok(dm_user_create(s->handle, &user, &id, NULL));
	assert_ok(dm_user_by_id(s->handle, id, check_user, &user, NULL));
	assert_ok(dm_user_by_name(s->handle, user.username, check_user, &user, NULL));
	assert_ok(dm_user_by_name(s->handle, user.username, list_user, &listed, NULL));
	assert_listed(listed, id);
	assert_int_equal(scratch_number(s, "SELECT count(*) FROM auth_user WHERE password LIKE 'pbkdf2\\_sha256$%$%$%'"
					   " ESCAPE '\\' AND email = 'j@example.org'"),
			 1);
	assert_int_equal(scratch_number(s, "SELECT count(*) FROM auth_user WHERE password LIKE '!%' AND id <= 3"), 3);
}

static void bad_and_taken_names_are_refused(void **state)
{
	struct scratch *s = *state;
	static const char name151[] = "aaaaaaaaaabbbbbbbbbbccccccccccddddddddddeeeeeeeeeeffffffffffgggggggggghhhhhhhhhh"
				      "iiiiiiiiiijjjjjjjjjjkkkkkkkkkkllllllllllmmmmmmmmmmnnnnnnnnnnoooooooooop";
	const struct dm_text bad[] = {{NULL, 0},  {"", 0},     {"a b", 3},    {"a/b", 3},
				      {"a\0", 2}, {"\xff", 1}, {name151, 151}};
	struct dm_new_user user = {.size = sizeof(user), .username = text_of("john")};
	struct listed all = {0}, two = {.max = 2};
	int64_t id;

	assert_fails(DM_EXISTS, dm_user_create(s->handle, &user, NULL, &error));
	assert_int_equal(dm_user_create(s->handle, &user, NULL, NULL), DM_EXISTS);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		user.username = bad[i];
		assert_fails(DM_INVALID, dm_user_create(s->handle, &user, NULL, &error));
	}
	user = (struct dm_new_user){.size = sizeof(struct dm_new_user), .username = text_of("x"), .email = {"\xc3", 1}};
	assert_fails(DM_INVALID, dm_user_create(s->handle, &user, NULL, &error));
	user = (struct dm_new_user){
		.size = sizeof(struct dm_new_user), .username = text_of("x"), .last_name = {name151, 151}};
	assert_fails(DM_INVALID, dm_user_create(s->handle, &user, NULL, &error));
	user = (struct dm_new_user){.size = sizeof(struct dm_new_user), .username = {name151, 150}};
	assert_ok(dm_user_create(s->handle, &user, &id, NULL));
	assert_ok(dm_users(s->handle, list_user, &all, NULL));
	assert_listed(all, s->john, s->mary, s->bob, id);
	assert_ok(dm_users(s->handle, list_user, &two, NULL));
	assert_listed(two, s->john, s->mary);
}

static void unknown_users_are_not_found(void **state)
{
	struct scratch *s = *state;
	struct dm_text unknown = text_of("nobody");
	struct listed listed = {0};
	char key[DM_TOKEN_LENGTH + 1];

	assert_fails(DM_NOT_FOUND, dm_user_by_id(s->handle, 99, list_user, &listed, &error));
	assert_fails(DM_NOT_FOUND, dm_user_by_name(s->handle, unknown, list_user, &listed, &error));
	assert_fails(DM_NOT_FOUND, dm_user_set_active(s->handle, unknown, false, &error));
	assert_fails(DM_NOT_FOUND, dm_token_create(s->handle, unknown, false, key, &error));
	assert_fails(DM_NOT_FOUND, dm_token_create(s->handle, unknown, true, key, &error));
	assert_fails(DM_NOT_FOUND, dm_token_revoke(s->handle, unknown, &error));
	assert_fails(DM_NOT_FOUND, dm_authenticate(s->handle, unknown, list_user, &listed, &error));
	assert_fails(DM_NOT_FOUND, dm_authenticate(s->handle, (struct dm_text){NULL, 0}, list_user, &listed, &error));
	assert_int_equal(dm_user_by_id(s->handle, 99, list_user, &listed, NULL), DM_NOT_FOUND);
	assert_int_equal(dm_token_create(s->handle, unknown, false, key, NULL), DM_NOT_FOUND);
	assert_int_equal(listed.count, 0);
}

static void a_token_stands_for_its_active_user(void **state)
{
	struct scratch *s = *state;
	struct dm_text john = text_of("john");
	char key[DM_TOKEN_LENGTH + 1], same[DM_TOKEN_LENGTH + 1], new[DM_TOKEN_LENGTH + 1];
	struct listed listed = {0};

	assert_ok(dm_token_create(s->handle, john, false, key, NULL));
	assert_int_equal(strlen(key), DM_TOKEN_LENGTH);
	assert_int_equal(strspn(key, "0123456789abcdef"), DM_TOKEN_LENGTH);
	assert_ok(dm_token_create(s->handle, john, false, same, NULL));
	assert_string_equal(same, key);
	assert_ok(dm_authenticate(s->handle, text_of(key), list_user, &listed, NULL));
	assert_listed(listed, s->john);
	assert_ok(dm_user_set_active(s->handle, john, false, NULL));
	assert_fails(DM_INACTIVE, dm_authenticate(s->handle, text_of(key), list_user, &listed, &error));
	assert_int_equal(dm_authenticate(s->handle, text_of(key), list_user, &listed, NULL), DM_INACTIVE);
	assert_ok(dm_user_set_active(s->handle, john, true, NULL));
	assert_ok(dm_token_create(s->handle, john, true, new, NULL));
	assert_string_not_equal(new, key);
	assert_fails(DM_NOT_FOUND, dm_authenticate(s->handle, text_of(key), list_user, &listed, &error));
	assert_ok(dm_authenticate(s->handle, text_of(new), list_user, &listed, NULL));
	assert_listed(listed, s->john, s->john);
	assert_ok(dm_token_revoke(s->handle, john, NULL));
	assert_fails(DM_NOT_FOUND, dm_token_revoke(s->handle, john, &error));
	assert_fails(DM_NOT_FOUND, dm_authenticate(s->handle, text_of(new), list_user, &listed, &error));
}

struct found {
	int64_t user_id;
	int count;
};

static bool note_found(void *context, const struct dm_user *user)
{
	struct found *found = context;

	found->user_id = user->id;
	found->count++;
	return true;
}

/* Looks an active user up by the id, or by the name if it is not NULL, and the recipient with them. */
static enum dm_status find_active(struct scratch *s, const char *name, int64_t user_id, int64_t recipient_id,
				  struct found *found, bool *recipient_exists)
{
	struct dm_operation operation = {.kind = DM_OP_ACTIVE_USER,
					 .context = found,
					 .active_user = {.username = dm_text_of(name),
							 .user_id = user_id,
							 .with_recipient = true,
							 .recipient_id = recipient_id,
							 .on_user = note_found,
							 .recipient_exists = true}};

	*found = (struct found){0};
	dm_run(s->handle, &operation);
	*recipient_exists = operation.active_user.recipient_exists;
	return operation.status;
}

static void an_active_user_is_found_by_id_or_name(void **state)
{
	struct scratch *s = *state;
	struct found found;
	bool exists;

	assert_int_equal(find_active(s, NULL, s->john, s->mary, &found, &exists), DM_OK);
	assert_true(found.user_id == s->john && found.count == 1 && exists);
	assert_int_equal(find_active(s, "john", s->mary, 99, &found, &exists), DM_OK);
	assert_true(found.user_id == s->john && !exists);
	assert_int_equal(find_active(s, "john", 0, -1, &found, &exists), DM_OK);
	assert_false(exists);
	assert_int_equal(find_active(s, NULL, 99, s->mary, &found, &exists), DM_NOT_FOUND);
	assert_int_equal(find_active(s, "nobody", s->john, s->mary, &found, &exists), DM_NOT_FOUND);
	assert_int_equal(find_active(s, "", s->john, s->mary, &found, &exists), DM_NOT_FOUND);
	assert_ok(dm_user_set_active(s->handle, text_of("john"), false, NULL));
	assert_int_equal(find_active(s, "john", 0, s->mary, &found, &exists), DM_INACTIVE);
	assert_int_equal(find_active(s, NULL, s->john, s->mary, &found, &exists), DM_INACTIVE);
	assert_int_equal(found.count, 0);
}

/* Whoever asks: by a token, by the id, by the name. Gives the id that was found. */
static int64_t find_recipient(struct scratch *s, struct dm_operation operation, struct dm_text name, int64_t id)
{
	bool by_token = operation.kind == DM_OP_AUTHENTICATE;

	if (by_token) {
		operation.authenticate.with_recipient = true;
		operation.authenticate.recipient_name = name;
		operation.authenticate.recipient_id = id;
		operation.authenticate.found_recipient_id = 77; /* of an operation before */
	} else {
		operation.active_user.with_recipient = true;
		operation.active_user.recipient_name = name;
		operation.active_user.recipient_id = id;
		operation.active_user.found_recipient_id = 77;
	}
	dm_run(s->handle, &operation);
	assert_int_equal(operation.status, DM_OK);
	if (by_token) {
		assert_int_equal(operation.authenticate.recipient_exists,
				 operation.authenticate.found_recipient_id != 0);
		assert_bytes(operation.authenticate.recipient_name, name.data, name.length); /* arguments stay */
		return operation.authenticate.found_recipient_id;
	}
	assert_int_equal(operation.active_user.recipient_exists, operation.active_user.found_recipient_id != 0);
	return operation.active_user.found_recipient_id;
}

/* An operation takes 0 for everybody. */
static void who_has_the_id_0_neither_calls_nor_is_called(void **state)
{
	struct scratch *s = *state;
	struct found found = {0};
	char sql[64], key[DM_TOKEN_LENGTH + 1];
	bool exists;

	snprintf(sql, sizeof(sql), "UPDATE auth_user SET id = 0 WHERE id = %lld",
		 (long long)scratch_user(s->handle, "zero"));
	scratch_sql(s, sql);
	assert_ok(dm_token_create(s->handle, text_of("zero"), false, key, NULL));
	assert_fails(DM_INACTIVE, dm_authenticate(s->handle, text_of(key), note_found, &found, &error));
	assert_int_equal(found.count, 0);
	assert_int_equal(find_active(s, NULL, 0, s->mary, &found, &exists), DM_INACTIVE);
	assert_int_equal(find_active(s, "zero", 0, s->mary, &found, &exists), DM_INACTIVE);
	assert_int_equal(found.count, 0);
	assert_int_equal(find_active(s, "john", 0, 0, &found, &exists), DM_OK);
	assert_false(exists);
	assert_ok(dm_user_by_id(s->handle, 0, note_found, &found, NULL));
	assert_int_equal(found.count, 2);
	assert_ok(dm_user_delete(s->handle, text_of("zero"), NULL));
}

static void a_recipient_is_found_by_name_or_id(void **state)
{
	static const struct dm_text none = {NULL, 0};
	struct scratch *s = *state;
	char key[DM_TOKEN_LENGTH + 1];
	struct dm_operation callers[3] = {{.kind = DM_OP_AUTHENTICATE, .authenticate = {.key = {key, DM_TOKEN_LENGTH}}},
					  {.kind = DM_OP_ACTIVE_USER, .active_user = {.user_id = s->john}},
					  {.kind = DM_OP_ACTIVE_USER, .active_user = {.username = DM_TEXT("john")}}};

	assert_ok(dm_token_create(s->handle, text_of("john"), false, key, NULL));
	for (size_t i = 0; i < 3; i++) {
		assert_int_equal(find_recipient(s, callers[i], text_of("mary"), s->bob), s->mary);
		assert_int_equal(find_recipient(s, callers[i], none, s->bob), s->bob);
		assert_int_equal(find_recipient(s, callers[i], text_of("nobody"), s->bob), 0);
		assert_int_equal(find_recipient(s, callers[i], text_of("MARY"), s->bob), 0);
		assert_int_equal(find_recipient(s, callers[i], text_of(""), s->bob), 0);
		assert_int_equal(find_recipient(s, callers[i], none, 99), 0);
		assert_int_equal(find_recipient(s, callers[i], none, -1), 0);
		dm_run(s->handle, &callers[i]); /* no recipient is wanted */
		assert_int_equal(callers[i].status, DM_OK);
	}
	assert_false(callers[0].authenticate.recipient_exists);
	assert_int_equal(callers[2].active_user.found_recipient_id, 0);
}

/* What is unread of the caller's, counted as the operation says. */
static uint32_t unread_of(struct scratch *s, struct dm_operation operation, uint32_t counts, int64_t recipient_id)
{
	bool by_token = operation.kind == DM_OP_AUTHENTICATE;

	if (by_token) {
		operation.authenticate.count_unread = counts;
		operation.authenticate.with_recipient = recipient_id != 0;
		operation.authenticate.recipient_id = recipient_id;
	} else {
		operation.active_user.count_unread = counts;
		operation.active_user.with_recipient = recipient_id != 0;
		operation.active_user.recipient_id = recipient_id;
	}
	dm_run(s->handle, &operation);
	assert_int_equal(operation.status, DM_OK);
	return by_token ? operation.authenticate.unread : operation.active_user.unread;
}

static void what_is_unread_is_counted_with_the_caller(void **state)
{
	struct scratch *s = *state;
	char key[DM_TOKEN_LENGTH + 1];
	struct dm_operation callers[3] = {{.kind = DM_OP_AUTHENTICATE, .authenticate = {.key = {key, DM_TOKEN_LENGTH}}},
					  {.kind = DM_OP_ACTIVE_USER, .active_user = {.user_id = s->john}},
					  {.kind = DM_OP_ACTIVE_USER, .active_user = {.username = DM_TEXT("john")}}};
	struct dm_operation by_name = {.kind = DM_OP_ACTIVE_USER,
				       .active_user = {.user_id = s->john,
						       .with_recipient = true,
						       .recipient_name = DM_TEXT("mary"),
						       .count_unread = DM_HAS_UNREAD_FROM_RECIPIENT}};

	assert_ok(dm_token_create(s->handle, text_of("john"), false, key, NULL));
	scratch_send(s->handle, s->mary, s->john, "one");
	scratch_send(s->handle, s->mary, s->john, "two");
	scratch_send(s->handle, s->bob, s->john, "three");
	scratch_send(s->handle, s->john, s->bob, "of no account");
	dm_run(s->handle, &by_name);
	assert_int_equal(by_name.active_user.unread, 1);
	for (size_t i = 0; i < 3; i++) {
		assert_int_equal(unread_of(s, callers[i], DM_COUNT_NO_UNREAD, s->mary), 0);
		assert_int_equal(unread_of(s, callers[i], DM_COUNT_UNREAD, 0), 3);
		assert_int_equal(unread_of(s, callers[i], DM_HAS_UNREAD_FROM_RECIPIENT, s->mary), 1);
		assert_int_equal(unread_of(s, callers[i], DM_HAS_UNREAD_FROM_RECIPIENT, s->john), 0);
		assert_int_equal(unread_of(s, callers[i], DM_HAS_UNREAD_FROM_RECIPIENT, 99), 0);
	}
	assert_ok(dm_block(s->handle, s->john, s->mary, NULL));
	dm_run(s->handle, &by_name);
	assert_int_equal(by_name.active_user.unread, 0);
	for (size_t i = 0; i < 3; i++) {
		assert_int_equal(unread_of(s, callers[i], DM_COUNT_UNREAD, 0), 1);
		assert_int_equal(unread_of(s, callers[i], DM_HAS_UNREAD_FROM_RECIPIENT, s->mary), 0);
		assert_int_equal(unread_of(s, callers[i], DM_HAS_UNREAD_FROM_RECIPIENT, s->bob), 1);
	}
}

static bool check_put(void *context, const struct dm_user *user)
{
	const struct dm_user *wanted = context;

	assert_int_equal(user->id, wanted->id);
	assert_bytes(user->username, wanted->username.data, wanted->username.length);
	assert_bytes(user->email, wanted->email.data, wanted->email.length);
	assert_bytes(user->last_name, wanted->last_name.data, wanted->last_name.length);
	assert_int_equal(user->is_active, wanted->is_active);
	return true;
}

static void putting_makes_a_user_and_changes_one(void **state)
{
	struct scratch *s = *state;
	struct dm_user_change change = {sizeof(change), text_of("new"), 0, text_of("n@x"), {NULL, 0}, {NULL, 0}, 0};
	struct dm_user wanted = {
		.id = s->bob + 1, .username = text_of("new"), .email = text_of("n@x"), .is_active = true};
	bool created = false;

	assert_ok(dm_user_put(s->handle, &change, &created, check_put, &wanted, NULL));
	assert_true(created);
	change.email = (struct dm_text){NULL, 0};
	change.last_name = wanted.last_name = text_of("N");
	change.active = DM_ACTIVE_NO;
	wanted.is_active = false;
	assert_ok(dm_user_put(s->handle, &change, &created, check_put, &wanted, NULL));
	assert_false(created);
	change = (struct dm_user_change){
		.size = sizeof(change), .user_id = wanted.id, .email = text_of(""), .active = DM_ACTIVE_YES};
	wanted.email = text_of("");
	wanted.is_active = true;
	assert_ok(dm_user_update(s->handle, &change, check_put, &wanted, NULL));
	assert_ok(dm_user_put(s->handle, &change, NULL, NULL, NULL, NULL));
	assert_int_equal(scratch_number(s, "SELECT count(*) FROM auth_user"), 4);
}

static void what_can_not_be_put_is_refused(void **state)
{
	struct scratch *s = *state;
	struct dm_user_change change = {.size = sizeof(change), .username = text_of("nobody")};
	bool created = true;

	assert_fails(DM_NOT_FOUND, dm_user_update(s->handle, &change, NULL, NULL, &error));
	change.username = text_of("a b");
	assert_fails(DM_INVALID, dm_user_put(s->handle, &change, &created, NULL, NULL, &error));
	assert_false(created);
	change = (struct dm_user_change){.size = sizeof(change), .user_id = 99};
	assert_fails(DM_NOT_FOUND, dm_user_put(s->handle, &change, NULL, NULL, NULL, &error));
	change = (struct dm_user_change){.size = sizeof(change), .user_id = s->john, .email = {"\xff", 1}};
	assert_fails(DM_INVALID, dm_user_update(s->handle, &change, NULL, NULL, &error));
	change = (struct dm_user_change){.size = sizeof(change), .user_id = s->john, .active = (enum dm_active)3};
	assert_fails(DM_INVALID, dm_user_update(s->handle, &change, NULL, NULL, &error));
	assert_fails(DM_INVALID, dm_user_put(s->handle, NULL, NULL, NULL, NULL, &error));
	change = (struct dm_user_change){.size = 1};
	assert_fails(DM_INVALID, dm_user_put(s->handle, &change, NULL, NULL, NULL, &error));
	assert_int_equal(scratch_number(s, "SELECT count(*) FROM auth_user"), 3);
}

static void users_are_listed_in_pages(void **state)
{
	struct scratch *s = *state;
	struct listed listed = {0};
	struct dm_operation page = {
		.kind = DM_OP_USERS, .context = &listed, .users = {.on_user = list_user, .limit = 2}};

	dm_run(s->handle, &page);
	assert_int_equal(page.status, DM_OK);
	assert_listed(listed, s->john, s->mary);
	page.users.has_after = true;
	page.users.after = s->mary;
	dm_run(s->handle, &page);
	assert_int_equal(page.status, DM_OK);
	assert_listed(listed, s->john, s->mary, s->bob);
}

static void a_token_is_of_an_id_too(void **state)
{
	struct scratch *s = *state;
	struct dm_operation create = {.kind = DM_OP_TOKEN_CREATE, .token_create = {.user_id = s->john}};
	struct dm_operation revoke = {.kind = DM_OP_TOKEN_REVOKE, .token_revoke = {.user_id = s->john}};
	char key[DM_TOKEN_LENGTH + 1];

	dm_run(s->handle, &create);
	assert_int_equal(create.status, DM_OK);
	assert_int_equal(create.token_create.user_id, s->john); /* an argument, which is never changed */
	assert_ok(dm_token_create(s->handle, text_of("john"), false, key, NULL));
	assert_string_equal(create.token_create.key, key);
	dm_run(s->handle, &revoke);
	assert_int_equal(revoke.status, DM_OK);
	dm_run(s->handle, &revoke);
	assert_int_equal(revoke.status, DM_NOT_FOUND);
	create.token_create.user_id = 99;
	dm_run(s->handle, &create);
	assert_int_equal(create.status, DM_NOT_FOUND);
	assert_int_equal(create.token_create.user_id, 99);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_user_is_stored_as_told, scratch_setup, scratch_teardown),
		cmocka_unit_test_setup_teardown(bad_and_taken_names_are_refused, scratch_setup, scratch_teardown),
		cmocka_unit_test_setup_teardown(unknown_users_are_not_found, scratch_setup, scratch_teardown),
		cmocka_unit_test_setup_teardown(a_token_stands_for_its_active_user, scratch_setup, scratch_teardown),
		cmocka_unit_test_setup_teardown(an_active_user_is_found_by_id_or_name, scratch_setup, scratch_teardown),
		cmocka_unit_test_setup_teardown(who_has_the_id_0_neither_calls_nor_is_called, scratch_setup,
						scratch_teardown),
		cmocka_unit_test_setup_teardown(a_recipient_is_found_by_name_or_id, scratch_setup, scratch_teardown),
		cmocka_unit_test_setup_teardown(what_is_unread_is_counted_with_the_caller, scratch_setup,
						scratch_teardown),
		cmocka_unit_test_setup_teardown(putting_makes_a_user_and_changes_one, scratch_setup, scratch_teardown),
		cmocka_unit_test_setup_teardown(what_can_not_be_put_is_refused, scratch_setup, scratch_teardown),
		cmocka_unit_test_setup_teardown(users_are_listed_in_pages, scratch_setup, scratch_teardown),
		cmocka_unit_test_setup_teardown(a_token_is_of_an_id_too, scratch_setup, scratch_teardown),
	};

	return RUN_TESTS("library_users", tests);
}
