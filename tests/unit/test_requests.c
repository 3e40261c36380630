/* SPDX-License-Identifier: MIT */
/* test_requests.c - requests are counted by kind, status and duration. */
#include "requests.h"

#include "buffer.h"
#include "exposition.h"
#include "unit.h"

#define KINDS 2

static int setup(void **state)
{
	*state = request_counts_new(KINDS, 3);
	assert_non_null(*state);
	return 0;
}

static int teardown(void **state)
{
	request_counts_free(*state);
	return 0;
}

static void end(struct request_counts *counts, size_t kind, unsigned status, int64_t microseconds)
{
	request_counts_begin(counts);
	request_counts_end(counts, kind, status, microseconds);
}

/* A bound belongs to the bucket that it ends: `le` is "less or equal". */
static void a_duration_at_a_bound_is_below_it(void **state)
{
	struct request_counts *counts = *state;
	struct request_durations durations;
	int64_t sum = 0;

	for (size_t i = 0; i < REQUEST_BOUNDS; i++) {
		end(counts, 1, 200, request_bounds[i]);
		end(counts, 1, 200, request_bounds[i] + 1);
		sum += 2 * request_bounds[i] + 1;
	}
	end(counts, 1, 200, 0);
	request_counts_durations(counts, 1, &durations);
	for (size_t i = 0; i <= REQUEST_BOUNDS; i++)
		assert_int_equal(durations.counts[i], i == REQUEST_BOUNDS ? 1 : 2);
	assert_int_equal(durations.sum, sum);
	request_counts_durations(counts, 0, &durations);
	for (size_t i = 0; i <= REQUEST_BOUNDS; i++)
		assert_int_equal(durations.counts[i], 0);
	assert_int_equal(durations.sum, 0);
}

static void bounds_are_tenths_of_milliseconds_to_ten_seconds(void **state)
{
	(void)state;
	assert_int_equal(request_bounds[0], 100);
	assert_int_equal(request_bounds[REQUEST_BOUNDS - 1], 10000000);
	for (size_t i = 1; i < REQUEST_BOUNDS; i++)
		assert_in_range(request_bounds[i], 2 * request_bounds[i - 1], 5 * request_bounds[i - 1] / 2);
}

static void statuses_are_counted_by_kind(void **state)
{
	static const unsigned odd[] = {0, 99, 600, 1000};
	struct request_counts *counts = *state;

	end(counts, 0, 100, 1);
	end(counts, 0, 599, 1);
	end(counts, 0, 599, 1);
	end(counts, 1, 200, 1);
	for (size_t i = 0; i < sizeof(odd) / sizeof(odd[0]); i++)
		end(counts, 1, odd[i], 1);
	assert_int_equal(request_counts_of(counts, 0, 100), 1);
	assert_int_equal(request_counts_of(counts, 0, 599), 2);
	assert_int_equal(request_counts_of(counts, 0, 200), 0);
	assert_int_equal(request_counts_of(counts, 0, 0), 0);
	assert_int_equal(request_counts_of(counts, 1, 200), 1);
	assert_int_equal(request_counts_of(counts, 1, 0), 4);
}

static void what_has_begun_and_not_ended_is_under_way(void **state)
{
	struct request_counts *counts = *state;

	assert_int_equal(request_counts_under_way(counts), 0);
	request_counts_begin(counts);
	request_counts_begin(counts);
	assert_int_equal(request_counts_under_way(counts), 2);
	request_counts_end(counts, 0, 200, 20000000);
	assert_int_equal(request_counts_under_way(counts), 1);
	request_counts_end(counts, 1, 0, 1);
	assert_int_equal(request_counts_under_way(counts), 0);
}

static void a_histogram_adds_up(void **state)
{
	static const int64_t bounds[] = {100, 2500};
	static const uint64_t counted[] = {3, 0, 2};
	const struct exposition_histogram histogram = {
		.bounds = bounds, .bounds_count = 2, .counts = counted, .sum = 1500000, .unit = 1e-6};
	struct buffer out;

	(void)state;
	buffer_init(&out, SIZE_MAX);
	exposition_histogram(&out, &histogram, "x", "a=\"b\"");
	assert_literal(out, "x_bucket{a=\"b\",le=\"0.0001\"} 3\n"
			    "x_bucket{a=\"b\",le=\"0.0025\"} 3\n"
			    "x_bucket{a=\"b\",le=\"+Inf\"} 5\n"
			    "x_sum{a=\"b\"} 1.5\n"
			    "x_count{a=\"b\"} 5\n");
	buffer_release(&out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_duration_at_a_bound_is_below_it, setup, teardown),
		cmocka_unit_test(bounds_are_tenths_of_milliseconds_to_ten_seconds),
		cmocka_unit_test_setup_teardown(statuses_are_counted_by_kind, setup, teardown),
		cmocka_unit_test_setup_teardown(what_has_begun_and_not_ended_is_under_way, setup, teardown),
		cmocka_unit_test(a_histogram_adds_up),
	};

	return RUN_TESTS("requests", tests);
}
