/* SPDX-License-Identifier: MIT */
/* test_freshness.c - what a standby must have: all that a user was told of, and what the primary had a while ago. */
#include "freshness.h"

#include "unit.h"

#define LAG INT64_C(1000)

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

/* The oldest one will do that is not older than the lag. */
static void samples_go_on(void **state)
{
	for (int64_t now = 100; now <= 100 * LAG; now += 10) {
		uint64_t needed;

		if (freshness_wants_sample(*state, now))
			freshness_sample(*state, (uint64_t)now, now);
		needed = freshness_needed(*state, 1, now);
		assert_in_range(needed, now > LAG + 100 ? now - LAG : 100, now > LAG + 100 ? now - LAG / 2 : 100);
	}
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
	freshness_reach(*state, 700);
	freshness_note(*state, 1);
	assert_int_equal(freshness_needed(*state, 1, 20), 700);
	assert_int_equal(freshness_needed(*state, 2, 20), 500);
	freshness_reach(*state, 600); /* of a commit that another thread heard of before */
	freshness_note(*state, 2);
	assert_int_equal(freshness_needed(*state, 2, 20), 700);
	freshness_reach(*state, 800);
	freshness_note_all(*state);
	assert_int_equal(freshness_needed(*state, 1, 20), 800);
	assert_int_equal(freshness_needed(*state, 3, 20), 800);
}

/* However long ago, and however many others have written since. */
static void nothing_is_forgotten(void **state)
{
	for (int64_t user_id = 1; user_id <= 300000; user_id++) {
		freshness_reach(*state, (uint64_t)user_id);
		freshness_note(*state, user_id);
	}
	freshness_sample(*state, 1, 10);
	for (int64_t user_id = 1; user_id <= 300000; user_id++)
		assert_true(freshness_needed(*state, user_id, 20) >= (uint64_t)user_id);
}

static void neighbours_do_not_wait_for_one_another(void **state)
{
	int alone = 0;

	freshness_sample(*state, 1, 10);
	freshness_reach(*state, 700);
	for (int64_t user_id = 2; user_id <= 2000; user_id += 2)
		freshness_note(*state, user_id);
	for (int64_t user_id = 1; user_id <= 2000; user_id += 2)
		alone += freshness_needed(*state, user_id, 20) == 1;
	assert_in_range(alone, 900, 1000);
}

static void an_unknown_commit_waits_for_a_sample_from_behind_it(void **state)
{
	freshness_sample(*state, 500, 10);
	freshness_note_unknown(*state, 20);
	assert_true(freshness_needed(*state, 1, 21) == PLACE_BEYOND);
	assert_true(freshness_wants_sample(*state, 21));
	freshness_sample(*state, 600, 15); /* it was asked for before */
	assert_true(freshness_needed(*state, 1, 22) == PLACE_BEYOND);
	freshness_sample(*state, 700, 23);
	assert_int_equal(freshness_needed(*state, 1, 24), 700);
	assert_false(freshness_wants_sample(*state, 24));
}

static void another_standby_is_not_behind_the_first(void **state)
{
	uint64_t answered, fell_back;

	freshness_sample(*state, 500, 10);
	freshness_answered(*state, 650);
	freshness_fell_back(*state, 3);
	assert_int_equal(freshness_needed(*state, 1, 20), 650);
	freshness_count(*state, &answered, &fell_back);
	assert_int_equal(answered, 1);
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
		TEST(samples_go_on),
		TEST(a_sample_that_comes_late_changes_nothing),
		TEST(a_user_sees_what_was_written_for_them),
		TEST(nothing_is_forgotten),
		TEST(neighbours_do_not_wait_for_one_another),
		TEST(an_unknown_commit_waits_for_a_sample_from_behind_it),
		TEST(another_standby_is_not_behind_the_first),
		TEST(standbys_are_left_alone_for_a_while),
	};

	return RUN_TESTS("freshness", tests);
}
