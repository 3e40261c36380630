/* SPDX-License-Identifier: MIT */
/* test_rules.c - what is allowed, and which of several broken rules is reported. */
#include "rules.h"

#include "unit.h"

#define TEXT(literal) ((struct dm_text){(literal), sizeof(literal) - 1})

static void check(const struct rules *rules, int64_t sender, int64_t recipient, struct dm_text content,
		  enum dm_status status, const char *sentence)
{
	struct dm_op_send send = {.sender_id = sender, .recipient_id = recipient, .content = content};
	struct dm_error error = {0};

	assert_int_equal(rules_check_send(rules, &send, &error), status);
	assert_int_equal(rules_check_send(rules, &send, NULL), status);
	assert_int_equal(error.status, status);
	assert_string_equal(error.message, sentence);
}

static void content_comes_first_then_self_then_allowed(void **state)
{
	int64_t listed[] = {2, 3};
	struct rules rules = {listed, 2, 3};

	(void)state;
	check(&rules, 1, 1, TEXT(""), DM_INVALID, "content is required");
	check(&rules, 1, 1, TEXT("\xff"), DM_INVALID, "content is not valid UTF-8.");
	check(&rules, 1, 1, TEXT("a\0b"), DM_INVALID, "Null characters are not allowed.");
	check(&rules, 1, 1, TEXT("abcd"), DM_INVALID, "Ensure this field has no more than 3 characters.");
	check(&rules, 1, 1, TEXT("abc"), DM_SELF, "You can't send messages to yourself.");
	check(&rules, 1, 4, TEXT("abc"), DM_NOT_ALLOWED, "You are not allowed to message this user.");
	check(&rules, 1, 3, TEXT("\xc3\xbc\xf0\x9f\x98\x80z"), DM_OK, "");
	check(&rules, 2, 4, TEXT("abc"), DM_OK, "");
}

static void no_list_and_no_limit_allow_all(void **state)
{
	struct rules rules = {.max_content_length = DM_CONTENT_UNLIMITED};

	(void)state;
	check(&rules, 1, 4, TEXT("a message that is as long as it likes to be, \n\x01 and all"), DM_OK, "");
}

static enum dm_status check_user(struct dm_text name, struct dm_text email, struct dm_text first, struct dm_text last)
{
	struct dm_op_user_create user = {.username = name, .email = email, .first_name = first, .last_name = last};
	struct dm_error error = {0};
	enum dm_status status = rules_check_new_user(&user, &error);

	assert_int_equal(strlen(error.message) > 0, status != DM_OK);
	return status;
}

static void new_users_are_within_django_s_limits(void **state)
{
	char long_text[256];
	struct dm_text none = {NULL, 0};

	(void)state;
	memset(long_text, 'a', sizeof(long_text));
	assert_int_equal(check_user(TEXT("John.Doe@x+y-z_1"), none, none, none), DM_OK);
	assert_int_equal(check_user((struct dm_text){long_text, 150}, (struct dm_text){long_text, 254},
				    (struct dm_text){long_text, 150}, (struct dm_text){long_text, 150}),
			 DM_OK);
	assert_int_equal(check_user((struct dm_text){long_text, 151}, none, none, none), DM_INVALID);
	assert_int_equal(check_user(TEXT("a"), (struct dm_text){long_text, 255}, none, none), DM_INVALID);
	assert_int_equal(check_user(TEXT("a"), none, (struct dm_text){long_text, 151}, none), DM_INVALID);
	assert_int_equal(check_user(TEXT("a"), none, none, (struct dm_text){long_text, 151}), DM_INVALID);
	assert_int_equal(check_user(TEXT("a"), none, TEXT("x\0y"), none), DM_INVALID);
	assert_int_equal(check_user(TEXT("a\0"), none, none, none), DM_INVALID);
	for (char c = 1; c < 127; c++) {
		bool good = (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '@' ||
			    c == '.' || c == '+' || c == '-' || c == '_';

		assert_int_equal(check_user((struct dm_text){&c, 1}, none, none, none), good ? DM_OK : DM_INVALID);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(content_comes_first_then_self_then_allowed),
		cmocka_unit_test(no_list_and_no_limit_allow_all),
		cmocka_unit_test(new_users_are_within_django_s_limits),
	};

	return RUN_TESTS("rules", tests);
}
