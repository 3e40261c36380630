/* SPDX-License-Identifier: MIT */
/* test_jwt.c - JWTs and their signatures: the examples of the specifications, times to the second, what is remembered.
 */
#include "base64url.h"
#include "jwk.h"
#include "jws.h"
#include "jwt.h"
#include "verified.h"

#include "jwt_examples.h"
#include "unit.h"

static struct jwt_keys keys;
static struct arena arena;

static int read_keys(void **state)
{
	bool has_secret;

	(void)state;
	return jwks_read(SPAN(ALL_KEYS), &keys, &has_secret) == JWKS_READ && has_secret && keys.count == 4 ? 0 : -1;
}

static int release(void **state)
{
	(void)state;
	jwt_keys_release(&keys);
	arena_release(&arena);
	return 0;
}

static void the_examples_of_the_specifications(void **state)
{
	static const char *const tokens[] = {HS256, RS256, ES256};
	struct span payload;

	(void)state;
	for (size_t i = 0; i < sizeof(tokens) / sizeof(tokens[0]); i++) {
		assert_int_equal(jws_verify(span_from(tokens[i]), &keys, &arena, &payload), JWS_VERIFIED);
		assert_literal(payload, CLAIMS);
	}
	assert_int_equal(jws_verify(SPAN(ED25519), &keys, &arena, &payload), JWS_VERIFIED);
	assert_literal(payload, "Example of Ed25519 signing");
}

static void the_examples_that_we_refuse(void **state)
{
	static const char *const tokens[] = {UNSECURED, CRITICAL, ES512};
	struct span payload;

	(void)state;
	for (size_t i = 0; i < sizeof(tokens) / sizeof(tokens[0]); i++)
		assert_int_equal(jws_verify(span_from(tokens[i]), &keys, &arena, &payload), JWS_INVALID);
}

/* By its kid and type; only then another set of keys is worth looking at. */
static void a_key_is_unknown_or_a_signature_is_wrong(void **state)
{
	static const struct jwt_keys none;
	struct span payload;

	(void)state;
	assert_int_equal(jws_verify(SPAN(RS256), &none, &arena, &payload), JWS_UNKNOWN_KEY);
	assert_int_equal(jws_verify(SPAN(ED25519), &none, &arena, &payload), JWS_UNKNOWN_KEY);
	assert_int_equal(jws_verify(SPAN(HS256), &none, &arena, &payload), JWS_INVALID); /* secrets aren't published */
	assert_int_equal(jws_verify(SPAN("e30.e30.AAAA"), &none, &arena, &payload), JWS_INVALID);
	assert_int_equal(jws_verify(SPAN(RS256 "AAAA"), &keys, &arena, &payload), JWS_INVALID);
}

/* With each character of the token replaced in turn, no signature is good. */
static void a_changed_token_is_invalid(void **state)
{
	static const char *const tokens[] = {HS256, ES256, ED25519};
	char changed[512];
	struct span payload;

	(void)state;
	for (size_t i = 0; i < sizeof(tokens) / sizeof(tokens[0]); i++)
		for (size_t at = 0; tokens[i][at]; at++) {
			snprintf(changed, sizeof(changed), "%s", tokens[i]);
			changed[at] = changed[at] == 'A' ? 'B' : 'A';
			assert_int_equal(jws_verify(span_from(changed), &keys, &arena, &payload), JWS_INVALID);
		}
}

static enum jwt_result verify_at(int64_t microseconds, struct jwt_claims *claims)
{
	const struct jwt_rules rules = {.claim = "iss"};

	return jwt_verify(SPAN(HS256), &keys, &rules, microseconds, &arena, claims);
}

static void a_token_expires_to_the_microsecond(void **state)
{
	const int64_t end = EXPIRY * 1000000 + JWT_LEEWAY_US;
	struct jwt_claims claims;

	(void)state;
	assert_int_equal(verify_at(end - 1, &claims), JWT_VALID);
	assert_int_equal(claims.expires_at, EXPIRY * 1000000);
	assert_literal(claims.user, "joe");
	assert_int_equal(verify_at(end, &claims), JWT_EXPIRED);
	assert_int_equal(verify_at(end + 1000000, &claims), JWT_EXPIRED);
}

static void rules_are_kept(void **state)
{
	const struct jwt_rules rules[] = {{.claim = "iss", .issuer = "jo"}, {.claim = "iss", .audience = "joe"}};
	const struct jwt_rules good = {.claim = "iss", .issuer = "joe"}, no_user = {.claim = "sub"},
			       no_text = {.claim = "http://example.com/is_root"};
	struct jwt_claims claims;

	(void)state;
	for (size_t i = 0; i < sizeof(rules) / sizeof(rules[0]); i++)
		assert_int_equal(jwt_verify(SPAN(RS256), &keys, &rules[i], 0, &arena, &claims), JWT_INVALID);
	assert_int_equal(jwt_verify(SPAN(RS256), &keys, &good, 0, &arena, &claims), JWT_VALID);
	assert_int_equal(jwt_verify(SPAN(RS256), &keys, &no_user, 0, &arena, &claims), JWT_NO_USER);
	assert_int_equal(jwt_verify(SPAN(RS256), &keys, &no_text, 0, &arena, &claims), JWT_VALID);
	assert_null(claims.user.data);
	assert_int_equal(jwt_verify(SPAN(ED25519), &keys, &good, 0, &arena, &claims), JWT_INVALID);
}

static void base64url_has_one_text_for_bytes(void **state)
{
	static const char *const bad[] = {
		"A", "AAAAA", "AB", "AAB", "AA==", "AA=", "A A", "AA\n", "+A", "/A", "\xc3\xa9"};
	struct span bytes;

	(void)state;
	assert_true(base64url_decode(SPAN(""), &arena, &bytes));
	assert_int_equal(bytes.length, 0);
	assert_true(base64url_decode(SPAN("_-8"), &arena, &bytes));
	assert_literal(bytes, "\xff\xef");
	assert_true(base64url_decode(SPAN("AAAA"), &arena, &bytes));
	assert_literal(bytes, "\0\0\0");
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_false(base64url_decode(span_from(bad[i]), &arena, &bytes));
}

/* Remembers a token of so many that are called by a number, and looks for it. */
static void put(struct verified *verified, unsigned number, uint64_t generation, int64_t expires_at)
{
	char text[16];
	struct jwt_claims claims = {.expires_at = expires_at};

	snprintf(text, sizeof(text), "%08u", number);
	claims.user = span_from(text);
	verified_put(verified, claims.user, generation, &claims);
}

static bool has(struct verified *verified, unsigned number, uint64_t generation, int64_t now)
{
	char text[16];
	struct jwt_claims claims;

	snprintf(text, sizeof(text), "%08u", number);
	if (!verified_find(verified, span_from(text), generation, now, &arena, &claims))
		return false;
	assert_string(claims.user, text);
	return true;
}

static void verified_tokens_are_remembered_until_they_expire(void **state)
{
	struct verified *verified = verified_new();

	(void)state;
	assert_non_null(verified);
	put(verified, 1, 1, 1000);
	put(verified, 2, 1, 2000);
	assert_true(has(verified, 1, 1, 1000 + JWT_LEEWAY_US - 1));
	assert_false(has(verified, 1, 1, 1000 + JWT_LEEWAY_US));
	assert_true(has(verified, 2, 1, 1000 + JWT_LEEWAY_US));
	assert_false(has(verified, 3, 1, 0));
	verified_free(verified);
}

#define MANY 100000

/* Also those that expire last, whose places are free for others then. */
static void verified_tokens_of_other_keys_are_forgotten(void **state)
{
	struct verified *verified = verified_new();
	unsigned found = 0;

	(void)state;
	assert_non_null(verified);
	for (unsigned i = 0; i < MANY; i++)
		put(verified, i, 1, 1000000 + i);
	assert_true(has(verified, MANY - 1, 1, 0));
	assert_false(has(verified, MANY - 1, 2, 0));
	for (unsigned i = 0; i < MANY; i++)
		put(verified, MANY + i, 2, i + 1);
	for (unsigned i = 0; i < MANY; i++)
		found += has(verified, MANY + i, 2, 0);
	assert_in_range(found, 8000, 8192);
	verified_free(verified);
}

static void the_memory_of_verified_tokens_is_bounded(void **state)
{
	struct verified *verified = verified_new();
	char name[200];
	struct jwt_claims claims = {.expires_at = INT64_C(1) << 40, .user = {name, sizeof(name)}};
	unsigned found = 0;

	(void)state;
	assert_non_null(verified);
	for (unsigned i = 0; i < MANY; i++)
		put(verified, i, 1, i + 1);
	for (unsigned i = 0; i < MANY; i++)
		found += has(verified, i, 1, 0);
	assert_in_range(found, 8000, 8192);
	assert_true(has(verified, MANY - 1, 1, 0)); /* those that expire last are kept */
	memset(name, 'n', sizeof(name));
	verified_put(verified, claims.user, 1, &claims);
	assert_false(verified_find(verified, claims.user, 1, 0, &arena, &claims));
	verified_free(verified);
}

/* Tokens of one signature's end share a bucket; what is remembered is each byte of a token, and only as many bytes as
 * the longest token has. */
static void long_tokens_make_room_for_each_other(void **state)
{
	static char text[JWS_MAX_LENGTH];
	struct verified *verified = verified_new();
	struct jwt_claims claims = {.expires_at = 1000, .user = SPAN("7")}, found;
	struct span quarter = {text, JWS_MAX_LENGTH / 4}, longest = {text, JWS_MAX_LENGTH};

	(void)state;
	assert_non_null(verified);
	memset(text, 'e', sizeof(text));
	for (char first = 'a'; first <= 'd'; first++) {
		text[0] = first;
		verified_put(verified, quarter, 1, &claims);
	}
	for (char first = 'a'; first <= 'e'; first++) {
		text[0] = first;
		assert_int_equal(verified_find(verified, quarter, 1, 0, &arena, &found), first <= 'd');
	}
	verified_put(verified, longest, 1, &claims);
	assert_true(verified_find(verified, longest, 1, 0, &arena, &found));
	assert_string(found.user, "7");
	for (char first = 'a'; first <= 'd'; first++) {
		text[0] = first;
		assert_false(verified_find(verified, quarter, 1, 0, &arena, &found));
	}
	verified_free(verified);
}

/* Else it would take the place of another. */
static void a_token_that_two_requests_have_verified_has_one_place(void **state)
{
	static const char *const tokens[] = {"a12345678", "b12345678", "c12345678", "a12345678", "d12345678"};
	struct verified *verified = verified_new();
	struct jwt_claims claims = {.user = SPAN("7")}, found;

	(void)state;
	assert_non_null(verified);
	for (size_t i = 0; i < ARRAY_LENGTH(tokens); i++) {
		claims.expires_at = tokens[i][0] == 'a' ? 2000 : 1000;
		verified_put(verified, span_from(tokens[i]), 1, &claims);
	}
	for (size_t i = 0; i < ARRAY_LENGTH(tokens); i++)
		assert_true(verified_find(verified, span_from(tokens[i]), 1, 0, &arena, &found));
	verified_free(verified);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_examples_of_the_specifications),
		cmocka_unit_test(the_examples_that_we_refuse),
		cmocka_unit_test(a_key_is_unknown_or_a_signature_is_wrong),
		cmocka_unit_test(a_changed_token_is_invalid),
		cmocka_unit_test(a_token_expires_to_the_microsecond),
		cmocka_unit_test(rules_are_kept),
		cmocka_unit_test(base64url_has_one_text_for_bytes),
		cmocka_unit_test(verified_tokens_are_remembered_until_they_expire),
		cmocka_unit_test(verified_tokens_of_other_keys_are_forgotten),
		cmocka_unit_test(the_memory_of_verified_tokens_is_bounded),
		cmocka_unit_test(long_tokens_make_room_for_each_other),
		cmocka_unit_test(a_token_that_two_requests_have_verified_has_one_place),
	};

	return cmocka_run_group_tests_name("jwt", tests, read_keys, release);
}
