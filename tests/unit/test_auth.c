/* SPDX-License-Identifier: MIT */
/* test_auth.c - where a request says who calls: which place wins, headers of proxies, cookies. */
#include "auth.h"
#include "cookie.h"
#include "ticket.h"
#include "user_header.h"

#include "unit.h"

static void the_first_place_wins(void **state)
{
	struct auth auth = {.tokens = true, .user_header = "X-User-Id"};
	struct presented presented = {.user = SPAN("5"),
				      .users = 1,
				      .authorization = SPAN("Token abc"),
				      .ticket = SPAN("0123"),
				      .cookies = SPAN("a=b"),
				      .cookie_headers = 1};
	struct credential credential;
	const char *refusal;

	(void)state;
	auth_init(&auth);
	assert_int_equal(auth_read(&auth, &presented, NULL, &credential, &refusal), SCHEME_READ);
	assert_int_equal(credential.kind, CREDENTIAL_USER_ID);
	assert_int_equal(credential.user_id, 5);
	assert_true(credential.is_ambient);
	presented.user = SPAN(" ");
	assert_int_equal(auth_read(&auth, &presented, NULL, &credential, &refusal), SCHEME_READ);
	assert_int_equal(credential.kind, CREDENTIAL_TOKEN);
	assert_false(credential.is_ambient);
	presented.authorization = SPAN("Basic abc");
	assert_int_equal(auth_read(&auth, &presented, NULL, &credential, &refusal), SCHEME_REFUSED);
	presented.authorization = (struct span){NULL, 0};
	assert_int_equal(auth_read(&auth, &presented, NULL, &credential, &refusal), SCHEME_READ);
	assert_int_equal(credential.kind, CREDENTIAL_TICKET);
	presented.ticket = (struct span){NULL, 0};
	assert_int_equal(auth_read(&auth, &presented, NULL, &credential, &refusal), SCHEME_REFUSED);
	assert_string_equal(refusal, "{\"detail\":\"Authentication credentials were not provided.\"}");
}

static void a_header_that_is_off_is_not_looked_at(void **state)
{
	struct auth auth = {.tokens = true};
	const struct presented presented = {.user = SPAN("5"), .users = 2};
	struct credential credential;
	const char *refusal;

	(void)state;
	auth_init(&auth);
	assert_int_equal(auth_read(&auth, &presented, NULL, &credential, &refusal), SCHEME_REFUSED);
	assert_false(auth_is_ambient(&auth));
}

static void challenges_name_what_is_on(void **state)
{
	struct auth both = {.tokens = true, .user_header = "X-User-Id"}, alone = {.user_header = "X-User-Id"};

	(void)state;
	auth_init(&both);
	assert_string_equal(both.challenge, "Token");
	auth_init(&alone);
	assert_string_equal(alone.challenge, "Session");
}

static void names_of_headers(void **state)
{
	static const char *const good[] = {
		"X-User-Id", "Remote-User", "x-forwarded-user", "X-Auth-Request-Email", "X_User_Id", "Accepted",
		"If",        "Sec"};
	static const char *const meant_otherwise[] = {
		"Authorization",     "AUTHORIZATION", "Host",      "Cookie", "Content-Length",  "content-type",
		"Transfer-Encoding", "Connection",    "Accept",    "Origin", "Sec-Fetch-Site",  "Proxy-Authorization",
		"X-Forwarded-For",   "If-None-Match", "X-Real-IP", "TE",     "Accept-Language", "Idempotency-Key"};
	static const char *const none[] = {"", "X User", "X-User-Id:", "X-User\r\n", "\xc3\xa4", "\"x\"", "a/b", "(x)"};

	(void)state;
	for (size_t i = 0; i < ARRAY_LENGTH(good); i++)
		assert_null(user_header_wrong_name(span_from(good[i])));
	for (size_t i = 0; i < ARRAY_LENGTH(meant_otherwise); i++)
		assert_string_equal(user_header_wrong_name(span_from(meant_otherwise[i])), "has another meaning");
	for (size_t i = 0; i < ARRAY_LENGTH(none); i++)
		assert_string_equal(user_header_wrong_name(span_from(none[i])), "is not the name of a header");
}

static void assert_cookie(const char *header, unsigned times, const char *value)
{
	struct span found;

	assert_int_equal(cookie_find(span_from(header), SPAN("access"), &found), times);
	if (value)
		assert_int_equal(span_equal(found, span_from(value)), 1);
	else
		assert_null(found.data);
}

static void cookies_are_found_by_name(void **state)
{
	(void)state;
	assert_cookie(NULL, 0, NULL);
	assert_cookie("", 0, NULL);
	assert_cookie("access", 0, NULL);
	assert_cookie("=access", 0, NULL);
	assert_cookie("Access=x; xaccess=y; accessx=z; a=access=x", 0, NULL);
	assert_cookie("access=x", 1, "x");
	assert_cookie("a=b; access=x.y-z_; c=d", 1, "x.y-z_");
	assert_cookie("a=b;access=x;c=d", 1, "x");
	assert_cookie(" access = x ", 1, "x");
	assert_cookie("access=\"x\"", 1, "x");
	assert_cookie("access=\"x", 1, "\"x");
	assert_cookie("access=\"", 1, "\"");
	assert_cookie("access=", 1, "");
	assert_cookie("access=x=y==", 1, "x=y==");
	assert_cookie(";;;access=x;;", 1, "x");
	assert_cookie("access=x; access=y", 2, "x");
	assert_cookie("access=; access=y", 2, "");
	assert_cookie("access=x;b=\"; access=y\"", 2, "x"); /* quotes hide nothing */
}

static void what_a_ticket_stands_for(void **state)
{
	char key[DM_TOKEN_LENGTH + 1];
	int64_t user_id, expires_at;

	(void)state;
	ticket_format_user(INT64_MAX, 0, key);
	assert_int_equal(ticket_parse_user(span_from(key), &user_id, &expires_at), TICKET_OF_PROXY);
	assert_true(user_id == INT64_MAX);
	ticket_format_user(7, 1500000, key);
	assert_int_equal(ticket_parse_user(span_from(key), &user_id, &expires_at), TICKET_OF_JWT);
	assert_int_equal(user_id, 7);
	assert_int_equal(expires_at, 1000000);
	assert_int_equal(ticket_parse_user(SPAN("proxy"), &user_id, &expires_at), TICKET_OF_TOKEN);
	assert_int_equal(ticket_parse_user(SPAN("proxy 5 5"), &user_id, &expires_at), TICKET_OF_TOKEN);
	assert_int_equal(ticket_parse_user(SPAN("proxy -5"), &user_id, &expires_at), TICKET_OF_TOKEN);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_first_place_wins),       cmocka_unit_test(a_header_that_is_off_is_not_looked_at),
		cmocka_unit_test(challenges_name_what_is_on), cmocka_unit_test(names_of_headers),
		cmocka_unit_test(cookies_are_found_by_name),  cmocka_unit_test(what_a_ticket_stands_for),
	};

	return RUN_TESTS("auth", tests);
}
