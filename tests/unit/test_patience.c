/* SPDX-License-Identifier: MIT */
/* test_patience.c - a loop's clock: it goes with the system's, but not while the process as a whole does not run. */
#include "patience.h"

#include "clock.h"
#include "unit.h"

static struct patience started(int64_t asked, int64_t ago_ms)
{
	return (struct patience){.looked_at = clock_monotonic() / 1000 - ago_ms, .asked = asked};
}

static void test_time_passes_while_the_loop_sleeps_as_long_as_it_asked(void **state)
{
	struct patience patience = started(30000, 30000);

	(void)state;
	patience_tick(&patience);
	assert_in_range(patience.now, 30000, 30999);
}

static void test_a_pause_of_the_process_hardly_counts(void **state)
{
	struct patience patience = started(250, 3600000);

	(void)state;
	patience_tick(&patience);
	assert_in_range(patience.now, 250, 1250);
	patience.asked = 250;
	patience_tick(&patience);
	assert_in_range(patience.now, 250, 2500);
}

static void test_a_sleep_without_end_counts_whole(void **state)
{
	struct patience patience = started(-1, 3600000);

	(void)state;
	patience_tick(&patience);
	assert_in_range(patience.now, 3600000, 3601000);
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
