/* SPDX-License-Identifier: MIT */
/* test_schedule.c - when the retry of a delivery is due. */
#include "unit.h"

#include "schedule.h"

#define SECOND INT64_C(1000000)
#define NOW (INT64_C(1764036000) * SECOND)
#define MIDDLE (UINT32_MAX / 2 + 1)

static struct schedule read_list(const char *list)
{
	struct schedule schedule;

	assert_true(schedule_parse(&schedule, span_from(list)));
	return schedule;
}

static void the_default_is_ten_attempts_in_three_days(void **state)
{
	struct schedule schedule = read_list(SCHEDULE_DEFAULT);
	int64_t at = NOW, next;
	size_t attempts = 1;

	(void)state;
	while ((next = schedule_next(&schedule, at, (int64_t)attempts, 0, MIDDLE)) != 0) {
		assert_true(next > at);
		at = next;
		attempts++;
	}
	assert_int_equal(attempts, 10);
	assert_int_equal((at - NOW) / SECOND, 272105); /* 75:35:05 */
}

static void pauses_differ_by_a_tenth_at_most(void **state)
{
	struct schedule schedule = read_list("100,0");

	(void)state;
	assert_int_equal(schedule_next(&schedule, NOW, 1, 0, MIDDLE), NOW + 100 * SECOND);
	assert_int_equal(schedule_next(&schedule, NOW, 1, 0, 0), NOW + 90 * SECOND);
	assert_in_range(schedule_next(&schedule, NOW, 1, 0, UINT32_MAX), NOW + 110 * SECOND - 10, NOW + 110 * SECOND);
	assert_int_equal(schedule_next(&schedule, NOW, 2, 0, UINT32_MAX), NOW);
	assert_int_equal(schedule_next(&schedule, NOW, 3, 0, 0), 0);
}

static void what_the_endpoint_asks_for_is_heard(void **state)
{
	struct schedule schedule = read_list("100");

	(void)state;
	assert_int_equal(schedule_next(&schedule, NOW, 1, 500, MIDDLE), NOW + 500 * SECOND);
	assert_int_equal(schedule_next(&schedule, NOW, 1, 50, MIDDLE), NOW + 100 * SECOND);
	assert_int_equal(schedule_next(&schedule, NOW, 1, INT64_MAX, MIDDLE), NOW + 86400 * SECOND);
	assert_int_equal(schedule_next(&schedule, NOW, 2, 500, MIDDLE), 0);
}

static void none_is_later_than_the_longest(void **state)
{
	static const char *const lists[] = {"1", "100000", SCHEDULE_DEFAULT, "864000,1"};

	(void)state;
	for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++) {
		struct schedule schedule = read_list(lists[i]);
		int64_t latest = 0;

		for (int64_t attempts = 1; attempts <= (int64_t)schedule.count; attempts++) {
			int64_t next = schedule_next(&schedule, NOW, attempts, INT64_MAX, UINT32_MAX);

			latest = next > latest ? next : latest;
		}
		assert_true(latest <= NOW + schedule_longest(&schedule));
		assert_true(latest >= NOW + schedule_longest(&schedule) / 10 * 9);
	}
}

static void lists_are_read_or_refused(void **state)
{
	static const char *const bad[] = {"", "a", "1,", ",1", "-1", "1;2", "864001", "99999999999999999999"};
	static const char many[] = "1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1";
	struct schedule schedule = read_list(" 1, 2 ,864000");

	(void)state;
	assert_int_equal(schedule.count, 3);
	assert_int_equal(schedule.pauses[0], 1);
	assert_int_equal(schedule.pauses[2], 864000);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		if (schedule_parse(&schedule, span_from(bad[i])))
			fail_msg("'%s' was read", bad[i]);
	assert_true(schedule_parse(&schedule, (struct span){many, sizeof(many) - 3}));
	assert_int_equal(schedule.count, MAX_RETRIES);
	assert_false(schedule_parse(&schedule, span_from(many)));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_default_is_ten_attempts_in_three_days),
		cmocka_unit_test(pauses_differ_by_a_tenth_at_most),
		cmocka_unit_test(what_the_endpoint_asks_for_is_heard),
		cmocka_unit_test(none_is_later_than_the_longest),
		cmocka_unit_test(lists_are_read_or_refused),
	};

	return RUN_TESTS("schedule", tests);
}
