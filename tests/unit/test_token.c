/* SPDX-License-Identifier: MIT */
/* test_token.c - "Authorization: Token KEY". */
#include "token.h"

#include "unit.h"

static void a_key_is_read(void **state)
{
	static const char *const headers[] = {"Token abc", "token abc", "TOKEN  abc ", "\tToken\tabc"};
	struct span key;

	(void)state;
	for (size_t i = 0; i < sizeof(headers) / sizeof(headers[0]); i++) {
		assert_null(token_from_header(span_from(headers[i]), &key));
		assert_literal(key, "abc");
	}
}

static void what_is_wrong_is_told(void **state)
{
	static const char missing[] = "Authentication credentials were not provided.";
	struct span key;

	(void)state;
	assert_string_equal(token_from_header((struct span){NULL, 0}, &key), missing);
	assert_string_equal(token_from_header(SPAN(""), &key), missing);
	assert_string_equal(token_from_header(SPAN("Bearer abc"), &key), missing);
	assert_string_equal(token_from_header(SPAN("Tokenabc"), &key), missing);
	assert_string_equal(token_from_header(SPAN("Token"), &key), "Invalid token header. No credentials provided.");
	assert_string_equal(token_from_header(SPAN("Token "), &key), "Invalid token header. No credentials provided.");
	assert_string_equal(token_from_header(SPAN("Token a b"), &key),
			    "Invalid token header. Token string should not contain spaces.");
	assert_string_equal(token_from_header(SPAN("Token \xc3\xbc"), &key),
			    "Invalid token header. Token string should not contain invalid characters.");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_key_is_read),
		cmocka_unit_test(what_is_wrong_is_told),
	};

	return RUN_TESTS("token", tests);
}
