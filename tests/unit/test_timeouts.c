/* SPDX-License-Identifier: MIT */
/* test_timeouts.c - a loop's clock follows the system's, but not while the process as a whole does not run; and the
 * connection that has been in a queue for the longest is the first to be overdue. */
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
	assert_in_range(timeouts.now_ms, 30000, 31000);
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
	int64_t since_ms = timeouts.system_ms;

	(void)state;
	timeouts_tick(&timeouts);
	assert_in_range(timeouts.now_ms, 3600000, clock_monotonic() / 1000 - since_ms);
}

/* Connections are never looked into: any pointers do. */
static struct connection *const first = (struct connection *)1, *const second = (struct connection *)2;

static void test_the_longest_in_a_queue_is_overdue_first(void **state)
{
	struct timeouts timeouts = {.now_ms = 1000};
	struct timeout_place one = {.connection = first, .state = CLIENT_CLOSED};
	struct timeout_place two = {.connection = second, .state = CLIENT_CLOSED};

	(void)state;
	timeouts_move(&timeouts, &one, CLIENT_HEAD);
	timeouts.now_ms = 1010;
	timeouts_move(&timeouts, &two, CLIENT_HEAD);
	assert_null(timeouts_overdue(&timeouts, CLIENT_HEAD, 11));
	assert_ptr_equal(timeouts_overdue(&timeouts, CLIENT_HEAD, 10), first);
	assert_null(timeouts_overdue(&timeouts, CLIENT_IDLE, 0));
	timeouts_move(&timeouts, &one, CLIENT_HEAD); /* its time starts anew */
	assert_ptr_equal(timeouts_overdue(&timeouts, CLIENT_HEAD, 0), second);
	timeouts.now_ms = 1020;
	timeouts_move(&timeouts, &two, CLIENT_CLOSED);
	assert_ptr_equal(timeouts_overdue(&timeouts, CLIENT_HEAD, 10), first);
	timeouts_move(&timeouts, &one, CLIENT_CLOSED);
	assert_null(timeouts_overdue(&timeouts, CLIENT_HEAD, 0));
}

static void test_the_last_in_a_queue_stays_the_last_and_starts_anew(void **state)
{
	struct timeouts timeouts = {.now_ms = 1000};
	struct timeout_place one = {.connection = first, .state = CLIENT_CLOSED};

	(void)state;
	timeouts_move(&timeouts, &one, CLIENT_REQUEST);
	timeouts.now_ms = 1100;
	timeouts_move(&timeouts, &one, CLIENT_REQUEST);
	assert_null(timeouts_overdue(&timeouts, CLIENT_REQUEST, 1));
	assert_ptr_equal(timeouts_overdue(&timeouts, CLIENT_REQUEST, 0), first);
}

static void test_a_quiet_connection_has_been_idle_all_the_time(void **state)
{
	struct timeouts timeouts = {.now_ms = 1000};
	struct timeout_place one = {.connection = first, .state = CLIENT_CLOSED};

	(void)state;
	timeouts_move(&timeouts, &one, CLIENT_IDLE);
	timeouts.now_ms = 2000;
	timeouts_move_keeping_time(&timeouts, &one, CLIENT_QUIET);
	assert_null(timeouts_overdue(&timeouts, CLIENT_IDLE, 0));
	assert_ptr_equal(timeouts_overdue(&timeouts, CLIENT_QUIET, 1000), first);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_time_passes_while_the_loop_sleeps_as_long_as_it_asked),
		cmocka_unit_test(test_a_pause_of_the_process_hardly_counts),
		cmocka_unit_test(test_a_sleep_without_end_counts_whole),
		cmocka_unit_test(test_the_longest_in_a_queue_is_overdue_first),
		cmocka_unit_test(test_the_last_in_a_queue_stays_the_last_and_starts_anew),
		cmocka_unit_test(test_a_quiet_connection_has_been_idle_all_the_time),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
