/* SPDX-License-Identifier: MIT */
/* test_jwks_schedule.c - when keys are fetched: Cache-Control, its limits, failures, unknown keys. */
#include "jwks_schedule.h"

#include "unit.h"

#define SECOND INT64_C(1000000)
#define START (1000 * SECOND)

static void cache_control_says_how_long(void **state)
{
	static const struct {
		const char *header;
		int64_t seconds;
	} cases[] = {
		{"max-age=300", 300},
		{"public, MAX-AGE=21600, must-revalidate", 21600},
		{"s-maxage=5 , max-age = 7", 7},
		{"max-age=1, max-age=2", 1},
		{"max-age=0", 0},
		{"no-store", 0},
		{"max-age=300, no-cache", 0},
		{"no-cache=\"set-cookie\"", 0},
		{"", -1},
		{"private", -1},
		{"max-age", -1},
		{"max-age=", -1},
		{"max-age=-5", -1},
		{"max-age=5s", -1},
		{"max-age=99999999999999999999", -1},
		{"x-max-age=5", -1},
		{",,;=", -1},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_int_equal(jwks_cache_seconds(span_from(cases[i].header)), cases[i].seconds);
}

static void keys_are_kept_within_limits(void **state)
{
	static const struct {
		int64_t max_age, kept;
	} cases[] = {{-1, JWKS_DEFAULT_AGE},           {0, JWKS_MIN_AGE},        {59, JWKS_MIN_AGE}, {300, 300},
		     {JWKS_MAX_AGE + 1, JWKS_MAX_AGE}, {INT64_MAX, JWKS_MAX_AGE}};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct jwks_schedule schedule;

		jwks_schedule_init(&schedule, START);
		assert_int_equal(schedule.due_at, START);
		jwks_schedule_succeeded(&schedule, START + 1, cases[i].max_age);
		assert_int_equal(schedule.due_at, START + 1 + cases[i].kept * SECOND);
	}
}

static void pauses_grow_with_failures(void **state)
{
	static const int64_t pauses[] = {1, 2, 4, 8, 16, 32, 60, 60, 60};
	struct jwks_schedule schedule;

	(void)state;
	jwks_schedule_init(&schedule, START);
	for (int round = 0; round < 2; round++) {
		for (size_t i = 0; i < sizeof(pauses) / sizeof(pauses[0]); i++) {
			jwks_schedule_failed(&schedule, START);
			assert_int_equal(schedule.due_at, START + pauses[i] * SECOND);
			assert_false(jwks_schedule_ask(&schedule, START)); /* nobody makes them shorter */
			assert_true(jwks_schedule_ask(&schedule, schedule.due_at));
		}
		jwks_schedule_succeeded(&schedule, START, 300);
		assert_int_equal(schedule.failures, 0);
	}
}

static void unknown_keys_make_a_fetch_due_once_a_minute(void **state)
{
	const int64_t minute = JWKS_ASK_INTERVAL * SECOND;
	struct jwks_schedule schedule;
	int64_t now = START;

	(void)state;
	jwks_schedule_init(&schedule, now);
	assert_true(jwks_schedule_ask(&schedule, now)); /* the first fetch is about to begin */
	jwks_schedule_succeeded(&schedule, now, 3600);
	assert_true(jwks_schedule_ask(&schedule, now + 1));
	assert_int_equal(schedule.due_at, now + 1);
	jwks_schedule_succeeded(&schedule, now + 2, 3600);
	assert_false(jwks_schedule_ask(&schedule, now + 3));
	assert_false(jwks_schedule_ask(&schedule, now + minute));
	assert_int_equal(schedule.due_at, now + 2 + 3600 * SECOND);
	assert_true(jwks_schedule_ask(&schedule, now + 1 + minute));
	assert_int_equal(schedule.due_at, now + 1 + minute);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(cache_control_says_how_long),
		cmocka_unit_test(keys_are_kept_within_limits),
		cmocka_unit_test(pauses_grow_with_failures),
		cmocka_unit_test(unknown_keys_make_a_fetch_due_once_a_minute),
	};

	return cmocka_run_group_tests_name("jwks_schedule", tests, NULL, NULL);
}
