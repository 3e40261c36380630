/* SPDX-License-Identifier: MIT */
/* test_timeouts.c - a loop's clock: it follows the system's, but not while the process as a whole does not run. */
#include "timeouts.h"

#include "clock.h"
#include "unit.h"

static struct timeouts started(int64_t asked_ms, int64_t ago_ms)
{
	return (struct timeouts){.system_ms = clock_monotonic() / 1000 - ago_ms, .asked_to_wait_ms = asked_ms};
}

static void test_time_passes_while_the_loop_sleeps_as_long_as_it_asked(void **state)
{
	struct timeouts timeouts = started(30000, 30000);

	(void)state;
	timeouts_tick(&timeouts);
	assert_in_range(timeouts.now_ms, 30000, 30999);
}

static void test_a_pause_of_the_process_hardly_counts(void **state)
{
	struct timeouts timeouts = started(250, 3600000);

	(void)state;
	timeouts_tick(&timeouts);
	assert_in_range(timeouts.now_ms, 250, 1250);
	timeouts.asked_to_wait_ms = 250;
	timeouts_tick(&timeouts);
	assert_in_range(timeouts.now_ms, 250, 2500);
}

static void test_a_sleep_without_end_counts_whole(void **state)
{
	struct timeouts timeouts = started(-1, 3600000);

	(void)state;
	timeouts_tick(&timeouts);
	assert_in_range(timeouts.now_ms, 3600000, 3601000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_time_passes_while_the_loop_sleeps_as_long_as_it_asked),
		cmocka_unit_test(test_a_pause_of_the_process_hardly_counts),
		cmocka_unit_test(test_a_sleep_without_end_counts_whole),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
