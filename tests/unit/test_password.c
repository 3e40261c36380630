/* SPDX-License-Identifier: MIT */
/* test_password.c - passwords are encoded as Django does. */
#include "password.h"

#include "unit.h"

#include <openssl/evp.h>
#include <stdlib.h>

static void a_password_is_hashed_with_its_salt(void **state)
{
	char encoded[PASSWORD_SIZE], again[PASSWORD_SIZE], salt[64], base64[64];
	unsigned char hash[32], wanted[64];
	int iterations = 0;

	(void)state;
	assert_true(password_encode((struct dm_text){"secret", 6}, encoded));
	assert_int_equal(sscanf(encoded, "pbkdf2_sha256$%d$%63[a-zA-Z0-9]$%63s", &iterations, salt, base64), 3);
	assert_true(iterations >= 600000);
	assert_int_equal(strlen(salt), 22);
	assert_int_equal(PKCS5_PBKDF2_HMAC("secret", 6, (unsigned char *)salt, 22, iterations, EVP_sha256(), 32, hash),
			 1);
	EVP_EncodeBlock(wanted, hash, 32);
	assert_string_equal(base64, (char *)wanted);
	assert_true(password_encode((struct dm_text){"secret", 6}, again));
	assert_string_not_equal(encoded, again);
}

static void no_password_is_a_value_that_none_matches(void **state)
{
	char encoded[PASSWORD_SIZE], again[PASSWORD_SIZE];

	(void)state;
	assert_true(password_encode((struct dm_text){NULL, 0}, encoded));
	assert_int_equal(encoded[0], '!');
	assert_int_equal(strlen(encoded), 41);
	assert_true(password_encode((struct dm_text){NULL, 0}, again));
	assert_string_not_equal(encoded, again);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_password_is_hashed_with_its_salt),
		cmocka_unit_test(no_password_is_a_value_that_none_matches),
	};

	return RUN_TESTS("password", tests);
}
