/* SPDX-License-Identifier: MIT */
/* test_throttle.c - rates and the windows that they count in. tests/test_limits_drf.py compares them with Django REST
 * Framework's: with the argument "trace" the program reads lines of "user microseconds" and prints what it decides. */
#include "unit.h"

#include "throttle.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SECOND INT64_C(1000000)
#define BEGIN (INT64_C(5000) * SECOND)

static struct rates read_rates(const char *text)
{
	struct rates rates;

	assert_true(rates_parse(&rates, text));
	return rates;
}

static void rates_are_written_as_in_drf(void **state)
{
	struct rates rates = read_rates("60/min, 1000/day");

	(void)state;
	assert_int_equal(rates.count, 2);
	assert_int_equal(rates.rates[0].max, 60);
	assert_int_equal(rate_period_seconds(rates.rates[0].period), 60);
	assert_int_equal(rates.rates[1].max, 1000);
	assert_string_equal(rate_period_name(rates.rates[1].period), "day");
	assert_int_equal(read_rates("").count, 0);
	assert_int_equal(read_rates(NULL).count, 0);
	assert_int_equal(read_rates("0/s").rates[0].max, 0);
	assert_int_equal(read_rates("1/second,2/m,3/hour,4/d").count, 4);
}

static void what_is_no_rate(void **state)
{
	static const char *const bad[] = {"60",         "60/",     "/min",       "x/min",   "-1/min",     "60/month",
					  "60/min,",    ",60/min", "60/min,1/m", "1.5/min", "60/min 5/h", "100001/day",
					  "60/minutes", "60//min", "60/5min",    " ",       "6 0/min",    "+6/min"};
	struct rates rates;

	(void)state;
	for (size_t i = 0; i < ARRAY_LENGTH(bad); i++)
		if (rates_parse(&rates, bad[i]))
			fail_msg("'%s' is taken for rates", bad[i]);
}

static struct throttle_result ask(struct throttle *throttle, const struct rates *rates, int64_t user, int64_t at)
{
	struct throttle_result result;

	assert_true(throttle_ask(throttle, rates, user, BEGIN + at, &result));
	return result;
}

static void a_window_slides(void **state)
{
	struct throttle *throttle = throttle_new();
	struct rates rates = read_rates("3/min");
	struct throttle_result result;

	(void)state;
	for (int i = 0; i < 3; i++) {
		result = ask(throttle, &rates, 1, i * 10 * SECOND);
		assert_false(result.is_refused);
		assert_int_equal(result.left[0].left, 2 - i);
		assert_int_equal(result.left[0].seconds, 60 - 10 * i);
	}
	result = ask(throttle, &rates, 1, 30 * SECOND);
	assert_true(result.is_refused);
	assert_int_equal(result.wait_seconds, 30);
	assert_false(ask(throttle, &rates, 2, 30 * SECOND).is_refused);
	assert_true(ask(throttle, &rates, 1, 60 * SECOND - 1).is_refused);
	assert_false(ask(throttle, &rates, 1, 60 * SECOND).is_refused);
	assert_true(ask(throttle, &rates, 1, 60 * SECOND).is_refused);
	throttle_free(throttle);
}

static struct throttle_result take_back(struct throttle *throttle, const struct rates *rates, int64_t user, int64_t at)
{
	struct throttle_result result = {.is_refused = false};

	throttle_take_back(throttle, rates, user, BEGIN + at, &result);
	return result;
}

static void what_is_taken_back_was_not_counted(void **state)
{
	struct throttle *throttle = throttle_new();
	struct rates rates = read_rates("2/min,3/day");
	struct throttle_result result;

	(void)state;
	assert_false(ask(throttle, &rates, 1, 0).is_refused);
	assert_false(ask(throttle, &rates, 1, SECOND).is_refused);
	result = take_back(throttle, &rates, 1, 0);
	assert_int_equal(result.left[0].left, 1);
	assert_int_equal(result.left[1].left, 2);
	assert_int_equal(take_back(throttle, &rates, 1, 5).left[0].left, 1); /* nothing was counted then */
	assert_int_equal(take_back(throttle, &rates, 9, 0).left[0].left, 2);
	assert_false(ask(throttle, &rates, 1, 2 * SECOND).is_refused);
	assert_true(ask(throttle, &rates, 1, 3 * SECOND).is_refused);
	result = take_back(throttle, &rates, 1, 3 * SECOND); /* it was counted for the day alone */
	assert_int_equal(result.left[0].left, 0);
	assert_int_equal(result.left[0].seconds, 58);
	assert_int_equal(result.left[1].left, 1);
	assert_false(ask(throttle, &rates, 1, 61 * SECOND).is_refused);
	assert_true(ask(throttle, &rates, 1, 62 * SECOND).is_refused);
	throttle_free(throttle);
}

static void other_rates_keep_what_was_counted(void **state)
{
	struct throttle *throttle = throttle_new();
	struct rates many = read_rates("5/min"), few = read_rates("2/min,9/day");

	(void)state;
	for (int i = 0; i < 4; i++)
		assert_false(ask(throttle, &many, 1, 0).is_refused);
	assert_true(ask(throttle, &few, 1, SECOND).is_refused);
	assert_int_equal(ask(throttle, &few, 1, SECOND).wait_seconds, 0); /* as DRF: that can't be told */
	throttle_free(throttle);
}

static void users_who_are_silent_are_forgotten(void **state)
{
	struct throttle *throttle = throttle_new();
	struct rates rates = read_rates("20/min");

	(void)state;
	for (int64_t user = 0; user < 1000; user++)
		ask(throttle, &rates, user, 0);
	for (int64_t user = 1000; user < 2000; user++)
		ask(throttle, &rates, user, 61 * SECOND);
	for (int i = 0; i < 20; i++)
		ask(throttle, &rates, 1000, 62 * SECOND);
	assert_true(ask(throttle, &rates, 1000, 62 * SECOND).is_refused);
	for (int64_t user = 0; user < 1500; user++)
		ask(throttle, &rates, 3000, (200 + user) * SECOND);
	assert_true(throttle_bytes(throttle) < 4096);
	throttle_free(throttle);
}

static void its_memory_has_a_limit(void **state)
{
	struct throttle *throttle = throttle_new();
	struct rates rates = read_rates("100000/day,100000/hour");

	(void)state;
	for (int64_t user = 0; user < 60; user++)
		for (int i = 0; i < 100000; i++)
			assert_false(ask(throttle, &rates, user, 0).is_refused);
	assert_true(throttle_bytes(throttle) <= THROTTLE_MAX_BYTES);
	assert_true(ask(throttle, &rates, 59, 1).is_refused);
	assert_false(ask(throttle, &rates, 0, 1).is_refused); /* who has been silent for longest starts anew */
	throttle_free(throttle);
}

static int trace(const char *text)
{
	struct throttle *throttle = throttle_new();
	struct rates rates;
	long long user, now;

	if (!throttle || !rates_parse(&rates, text))
		return 2;
	while (scanf("%lld %lld", &user, &now) == 2) {
		struct throttle_result result;

		if (!throttle_ask(throttle, &rates, user, now, &result))
			return 3;
		printf("%d %lld\n", result.is_refused, (long long)result.wait_seconds);
	}
	throttle_free(throttle);
	return 0;
}

int main(int count, char **words)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rates_are_written_as_in_drf),
		cmocka_unit_test(what_is_no_rate),
		cmocka_unit_test(a_window_slides),
		cmocka_unit_test(what_is_taken_back_was_not_counted),
		cmocka_unit_test(other_rates_keep_what_was_counted),
		cmocka_unit_test(users_who_are_silent_are_forgotten),
		cmocka_unit_test(its_memory_has_a_limit),
	};

	if (count == 3 && strcmp(words[1], "trace") == 0)
		return trace(words[2]);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
