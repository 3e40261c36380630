/* SPDX-License-Identifier: MIT */
/* test_signature.c - secrets and signatures of webhooks. */
#include "unit.h"

#include "signature.h"

#define KEY24 "AAECAwQFBgcICQoLDA0ODxAREhMUFRYX"
#define KEY25 KEY24 "GA=="
#define KEY26 KEY24 "GBk="
#define KEY63 KEY24 "GBkaGxwdHh8gISIjJCUmJygpKissLS4vMDEyMzQ1Njc4OTo7PD0+"
#define KEY64 KEY63 "Pw=="
#define KEY65 KEY63 "P0A="

static void check_signature(const char *secret, const char *id, int64_t timestamp, const char *body, const char *wanted)
{
	char signature[SIGNATURE_SIZE];

	assert_true(signature_make(span_from(secret), span_from(id), timestamp, span_from(body), signature));
	assert_string_equal(signature, wanted);
}

/* The first is the example of the specification's own libraries, the others were computed by Python's hmac. */
static void signatures_are_those_of_others(void **state)
{
	(void)state;
	check_signature("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330,
			"{\"test\": 2432232314}", "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
	check_signature("whsec_" KEY25, "a", 0, "", "v1,DAU3iKwy445H2RmhzEwYPphMsv/nLp/c+aiFtNOV50w=");
	check_signature("whsec_" KEY64, "a", 0, "", "v1,uveq/R7Ke8zKZ1m8ObG+BocfQ3KjHEmEeOmkG099p/g=");
}

static void secrets_have_24_to_64_bytes(void **state)
{
	static const char *const good[] = {KEY24, KEY25, KEY26, KEY63, KEY64};
	static const char *const bad[] = {"",
					  "AAECAwQFBgcICQoLDA0ODxAREhMUFRY=",
					  KEY65,
					  KEY64 "AAAA",
					  KEY24 "A",
					  KEY24 "AAA",
					  "AAECAwQFBgcICQoLDA0ODxAREhMUF!YX",
					  "================================",
					  (" " KEY24)};
	char secret[128], signature[SIGNATURE_SIZE];

	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		snprintf(secret, sizeof(secret), "whsec_%s", good[i]);
		if (!secret_is_valid(span_from(secret)))
			fail_msg("%s is not valid", secret);
	}
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		snprintf(secret, sizeof(secret), "whsec_%s", bad[i]);
		if (secret_is_valid(span_from(secret)) ||
		    signature_make(span_from(secret), SPAN("a"), 0, SPAN(""), signature))
			fail_msg("%s is valid", secret);
	}
	assert_false(secret_is_valid(SPAN(KEY24)));
	assert_false(secret_is_valid(SPAN("WHSEC_" KEY24)));
	assert_false(secret_is_valid((struct span){NULL, 0}));
}

static void secrets_are_made_anew_each_time(void **state)
{
	char first[SECRET_SIZE], second[SECRET_SIZE];

	(void)state;
	assert_true(secret_make(first));
	assert_true(secret_make(second));
	assert_true(secret_is_valid(span_from(first)));
	assert_int_equal(strlen(first), 6 + 44);
	assert_string_not_equal(first, second);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(signatures_are_those_of_others),
		cmocka_unit_test(secrets_have_24_to_64_bytes),
		cmocka_unit_test(secrets_are_made_anew_each_time),
	};

	return RUN_TESTS("signature", tests);
}
