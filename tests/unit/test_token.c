/* SPDX-License-Identifier: MIT */
/* test_token.c - Authorization: which scheme it is, and "Token KEY". */
#include "auth.h"

#include "unit.h"

#include <stdio.h>

static struct auth tokens = {.tokens = true};

static enum scheme_result read(struct span header, struct credential *credential, const char **refusal)
{
	const struct presented presented = {.authorization = header};

	return auth_read(&tokens, &presented, NULL, credential, refusal);
}

static void a_key_is_read(void **state)
{
	static const char *const headers[] = {"Token abc", "token abc", "TOKEN  abc ", "\tToken\tabc"};
	struct credential credential;
	const char *refusal;

	(void)state;
	for (size_t i = 0; i < sizeof(headers) / sizeof(headers[0]); i++) {
		assert_int_equal(read(span_from(headers[i]), &credential, &refusal), SCHEME_READ);
		assert_int_equal(credential.kind, CREDENTIAL_TOKEN);
		assert_literal(credential.text, "abc");
	}
}

static void assert_refused(struct span header, const char *detail)
{
	struct credential credential;
	const char *refusal;
	char body[160];

	assert_int_equal(read(header, &credential, &refusal), SCHEME_REFUSED);
	snprintf(body, sizeof(body), "{\"detail\":\"%s\"}", detail);
	assert_string_equal(refusal, body);
}

static void what_is_wrong_is_told(void **state)
{
	static const char missing[] = "Authentication credentials were not provided.";

	(void)state;
	assert_refused((struct span){NULL, 0}, missing);
	assert_refused(SPAN(""), missing);
	assert_refused(SPAN("Bearer abc"), missing);
	assert_refused(SPAN("Tokenabc"), missing);
	assert_refused(SPAN("Token"), "Invalid token header. No credentials provided.");
	assert_refused(SPAN("Token "), "Invalid token header. No credentials provided.");
	assert_refused(SPAN("Token a b"), "Invalid token header. Token string should not contain spaces.");
	assert_refused(SPAN("Token \xc3\xbc"),
		       "Invalid token header. Token string should not contain invalid characters.");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_key_is_read),
		cmocka_unit_test(what_is_wrong_is_told),
	};

	auth_init(&tokens);
	return RUN_TESTS("token", tests);
}
