/* SPDX-License-Identifier: MIT */
/* test_freshness.c - what a standby must have: all that a user was told of, and what the primary had a while ago. */
#include "freshness.h"

#include "unit.h"

#define LAG INT64_C(1000000)
#define MS INT64_C(1000)

static int set_up(void **state)
{
	*state = freshness_new(LAG);
	return *state ? 0 : -1;
}

static int tear_down(void **state)
{
	freshness_free(*state);
	return 0;
}

static void without_a_sample_no_standby_will_do(void **state)
{
	assert_true(freshness_wants_sample(*state, 0));
	assert_true(freshness_needed(*state, 1, 0) == PLACE_BEYOND);
	freshness_sample(*state, 0, 10); /* of a primary that is none */
	assert_true(freshness_needed(*state, 1, 20) == PLACE_BEYOND);
}

static void a_standby_has_what_the_primary_had(void **state)
{
	freshness_sample(*state, 500, 10);
	assert_int_equal(freshness_needed(*state, 1, 20), 500);
	assert_int_equal(freshness_needed(*state, 1, 10 + LAG), 500);
	assert_true(freshness_needed(*state, 1, 11 + LAG) == PLACE_BEYOND);
}

/* For as long as you like: what is needed is what the primary had a lag ago, or not much later. */
static void samples_thin_out_with_age(void **state)
{
	for (int64_t now = LAG; now <= 20 * LAG; now += MS) {
		uint64_t needed;

		freshness_note(*state, 1, now);
		if (freshness_wants_sample(*state, now))
			freshness_sample(*state, (uint64_t)now, now);
		needed = freshness_needed(*state, 2, now);
		if (now > 2 * LAG)
			assert_in_range(needed, now - LAG, now - LAG / 2);
	}
}

/* Of a note that is half a lag old, or a twentieth, too. */
static void an_old_note_needs_no_new_sample(void **state)
{
	int64_t now = LAG, half = 3 * LAG, twentieth = half + LAG / 2 - LAG / 20;

	for (; now <= half + LAG / 2; now += MS) {
		freshness_note(*state, 1, now);
		if (freshness_wants_sample(*state, now))
			freshness_sample(*state, (uint64_t)now, now);
	}
	freshness_note(*state, 2, half);
	freshness_note(*state, 3, twentieth);
	assert_in_range(freshness_needed(*state, 2, now), half, half + LAG / 4);
	assert_in_range(freshness_needed(*state, 3, now), twentieth, twentieth + LAG / 40);
}

static void samples_are_wanted_where_something_is_noted(void **state)
{
	freshness_sample(*state, 500, LAG);
	assert_false(freshness_wants_sample(*state, LAG + 20 * MS));
	freshness_note(*state, 1, LAG + 20 * MS);
	assert_true(freshness_wants_sample(*state, LAG + 21 * MS));
	freshness_sample(*state, 600, LAG + 21 * MS);
	freshness_note(*state, 1, LAG + 22 * MS);
	assert_false(freshness_wants_sample(*state, LAG + 23 * MS));
	assert_true(freshness_wants_sample(*state, LAG + 30 * MS));
}

static void a_sample_that_comes_late_changes_nothing(void **state)
{
	freshness_sample(*state, 500, 1000);
	freshness_sample(*state, 400, 10);
	assert_int_equal(freshness_needed(*state, 1, 1001), 500);
}

static void a_user_sees_what_was_written_for_them(void **state)
{
	freshness_sample(*state, 500, 10);
	freshness_note(*state, 1, 20);
	assert_true(freshness_needed(*state, 1, 30) == PLACE_BEYOND);
	assert_int_equal(freshness_needed(*state, 2, 30), 500);
	freshness_sample(*state, 700, 40);
	freshness_sample(*state, 800, 50);
	assert_int_equal(freshness_needed(*state, 1, 60), 700);
	freshness_note(*state, 1, 15); /* another thread is behind */
	assert_int_equal(freshness_needed(*state, 1, 60), 700);
	freshness_note_all(*state, 45);
	assert_int_equal(freshness_needed(*state, 1, 60), 800);
	assert_int_equal(freshness_needed(*state, 3, 60), 800);
}

/* However many others have written since. */
static void nothing_is_forgotten(void **state)
{
	for (int64_t user_id = 1; user_id <= 300000; user_id++)
		freshness_note(*state, user_id, user_id);
	for (int64_t at = 1; at <= 300000; at += 10000)
		freshness_sample(*state, (uint64_t)at, at);
	for (int64_t user_id = 1; user_id <= 300000; user_id++)
		assert_true(freshness_needed(*state, user_id, 300001) >= (uint64_t)user_id);
}

static void neighbours_do_not_wait_for_one_another(void **state)
{
	int alone = 0;

	freshness_sample(*state, 1, 10);
	for (int64_t user_id = 2; user_id <= 2000; user_id += 2)
		freshness_note(*state, user_id, 15);
	for (int64_t user_id = 1; user_id <= 2000; user_id += 2)
		alone += freshness_needed(*state, user_id, 20) == 1;
	assert_in_range(alone, 900, 1000);
}

static void another_standby_is_not_behind_the_first(void **state)
{
	uint64_t answered, fell_back;

	freshness_sample(*state, 500, 10);
	freshness_shown(*state, 650);
	freshness_shown(*state, 640);
	freshness_answered(*state);
	freshness_answered(*state);
	freshness_fell_back(*state, 3);
	assert_int_equal(freshness_needed(*state, 1, 20), 650);
	freshness_count(*state, &answered, &fell_back);
	assert_int_equal(answered, 2);
	assert_int_equal(fell_back, 3);
}

static void standbys_are_left_alone_for_a_while(void **state)
{
	assert_false(freshness_is_paused(*state, 1));
	freshness_pause(*state, 1);
	assert_true(freshness_is_paused(*state, 2));
	assert_false(freshness_is_paused(*state, 60000000));
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(without_a_sample_no_standby_will_do),
		TEST(a_standby_has_what_the_primary_had),
		TEST(samples_thin_out_with_age),
		TEST(an_old_note_needs_no_new_sample),
		TEST(samples_are_wanted_where_something_is_noted),
		TEST(a_sample_that_comes_late_changes_nothing),
		TEST(a_user_sees_what_was_written_for_them),
		TEST(nothing_is_forgotten),
		TEST(neighbours_do_not_wait_for_one_another),
		TEST(another_standby_is_not_behind_the_first),
		TEST(standbys_are_left_alone_for_a_while),
	};

	return RUN_TESTS("freshness", tests);
}
