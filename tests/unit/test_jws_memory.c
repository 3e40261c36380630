/* SPDX-License-Identifier: MIT */
/* test_jws_memory.c - each allocation fails while a signature is verified: that is no bad signature. */
#include "jwk.h"
#include "jws.h"
#include "openssl_memory.h"

#include "jwt_examples.h"
#include "unit.h"

#include <openssl/crypto.h>
#include <stdlib.h>

#define PIECE 4096
#define MAX_PIECES 2048

static bool is_armed, goes_on;
static long until_failure;
static unsigned failures;

/* The allocation at 0 fails; if it goes on, all after it, too. */
static bool must_fail(void)
{
	if (!is_armed || until_failure-- > 0 || (failures > 0 && !goes_on))
		return false;
	failures++;
	return true;
}

void *__real_malloc(size_t size);
void *__real_realloc(void *old, size_t size);
void *__wrap_malloc(size_t size);
void *__wrap_realloc(void *old, size_t size);

void *__wrap_malloc(size_t size)
{
	return must_fail() ? NULL : __real_malloc(size);
}

void *__wrap_realloc(void *old, size_t size)
{
	return must_fail() ? NULL : __real_realloc(old, size);
}

static void arm(long n, bool on)
{
	is_armed = true;
	goes_on = on;
	until_failure = n;
	failures = 0;
}

static struct jwt_keys keys;
static void *pieces[MAX_PIECES];

/* Uses the reserve up, and sets OpenSSL up before. */
static int begin(void **state)
{
	static const char *const tokens[] = {HS256, RS256, ES256, ED25519};
	struct arena arena = {0};
	struct span payload;
	bool has_secret;
	size_t count = 0;

	(void)state;
	assert_int_equal(jwks_read(SPAN(ALL_KEYS), &keys, &has_secret), JWKS_READ);
	for (size_t i = 0; i < 4; i++)
		assert_int_equal(jws_verify(span_from(tokens[i]), &keys, &arena, &payload), JWS_VERIFIED);
	arena_release(&arena);
	arm(0, true);
	for (size_t size = PIECE; size >= 16; size /= 2)
		while (count < MAX_PIECES && (pieces[count] = OPENSSL_malloc(size)))
			count++;
	is_armed = false;
	assert_in_range(count, 1, MAX_PIECES - 1);
	return 0;
}

static int end(void **state)
{
	(void)state;
	for (size_t i = 0; i < MAX_PIECES; i++)
		OPENSSL_free(pieces[i]);
	jwt_keys_release(&keys);
	return 0;
}

/* Gives how many allocations could fail. */
static unsigned verify(const char *token, bool on)
{
	unsigned tried = 0;

	for (;; tried++) {
		struct arena arena = {0};
		struct span payload;
		enum jws_result result;

		arm(tried, on);
		result = jws_verify(span_from(token), &keys, &arena, &payload);
		is_armed = false;
		arena_release(&arena);
		if (failures == 0)
			break;
		assert_int_not_equal(result, JWS_INVALID);
	}
	return tried;
}

static void a_failed_allocation_is_no_bad_signature(void **state)
{
	static const char *const tokens[] = {HS256, RS256, ES256, ED25519};

	(void)state;
	for (size_t i = 0; i < 4; i++) {
		assert_in_range(verify(tokens[i], false), 5, 1000);
		assert_in_range(verify(tokens[i], true), 5, 1000);
	}
}

static void a_bad_signature_is_one(void **state)
{
	static const char *const tokens[] = {HS256, RS256, ES256, ED25519};
	struct arena arena = {0};
	char changed[1024];
	struct span payload;

	(void)state;
	for (size_t i = 0; i < 4; i++) {
		char *signature;

		snprintf(changed, sizeof(changed), "%s", tokens[i]);
		signature = strrchr(changed, '.') + 1;
		*signature = *signature == 'a' ? 'b' : 'a';
		assert_int_equal(jws_verify(span_from(changed), &keys, &arena, &payload), JWS_INVALID);
	}
	arena_release(&arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_failed_allocation_is_no_bad_signature),
		cmocka_unit_test(a_bad_signature_is_one),
	};

	openssl_memory_begin();
	return cmocka_run_group_tests_name("jws_memory", tests, begin, end);
}
