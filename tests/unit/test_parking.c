/* SPDX-License-Identifier: MIT */
/* test_parking.c - parked operations come back, each as a batch of its own. */
#include "lane.h"
#include "unit.h"

static size_t done;

static void count_done(struct dm_operation *operation)
{
	(void)operation;
	done++;
}

static const struct store_options store = {.completed = count_done, .max_waiting = 1000};

#define PARKED 3

static size_t attempts[PARKED + 1];

/* Each of them but the last is set apart at its first two attempts. */
static void park_twice(void *own, struct dm_operation **operations, size_t count)
{
	(void)own;
	for (size_t i = 0; i < count; i++) {
		struct dm_operation *operation = operations[i];

		if (lane_was_parked(operation))
			assert_int_equal(count, 1);
		if (operation->hide.user_id < PARKED && ++attempts[operation->hide.user_id] <= 2)
			lane_park(*(struct lane **)operation->context, operation);
		else
			lane_complete(&store, operation);
	}
}

/* Also where the lane is to end: nobody is forgotten. */
static void what_is_parked_comes_back_alone(void **state)
{
	struct dm_operation operations[PARKED + 1];
	void *sessions[1] = {NULL};
	struct lane_options options = {
		.run_batch = park_twice, .sessions = sessions, .sessions_count = 1, .max_batch = 8, .store = &store};
	struct lane *lane;

	(void)state;
	lane = lane_new(&options);
	assert_non_null(lane);
	for (size_t i = 0; i <= PARKED; i++) {
		operations[i] =
			(struct dm_operation){.kind = DM_OP_HIDE, .context = &lane, .hide = {.user_id = (int64_t)i}};
		lane_submit(lane, &operations[i]);
	}
	lane_free(lane);
	assert_int_equal(done, PARKED + 1);
	for (size_t i = 0; i < PARKED; i++)
		assert_int_equal(attempts[i], 3);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_parked_comes_back_alone),
	};

	return RUN_TESTS("parking", tests);
}
