/* SPDX-License-Identifier: MIT */
/* test_lane_room.c - what another lane hands on waits until there is room, leaves some to others, and is not refused.
 */
#include "clock.h"
#include "lane.h"
#include "unit.h"

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>

#define HANDED_ON 10

static pthread_mutex_t gate = PTHREAD_MUTEX_INITIALIZER; /* a batch waits until it is open */
static atomic_size_t begun, refused, completed;

static void on_completed(struct dm_operation *operation)
{
	refused += operation->status == DM_BUSY;
	completed++;
}

static const struct store_options store = {.completed = on_completed, .max_waiting = 4};

static void run_batch(void *session, struct dm_operation **operations, size_t count)
{
	(void)session;
	begun++;
	pthread_mutex_lock(&gate);
	pthread_mutex_unlock(&gate);
	for (size_t i = 0; i < count; i++) {
		operations[i]->status = DM_OK;
		lane_complete(&store, operations[i]);
	}
}

/* A lane whose thread waits at the gate with the first operation. */
static struct lane *start(struct dm_operation *first)
{
	void *sessions[] = {&gate};
	const struct lane_options options = {
		.run_batch = run_batch, .sessions = sessions, .sessions_count = 1, .max_batch = 2, .store = &store};
	struct lane *lane = lane_new(&options);

	assert_non_null(lane);
	begun = refused = completed = 0;
	pthread_mutex_lock(&gate);
	*first = (struct dm_operation){.kind = DM_OP_UNREAD_COUNT};
	lane_submit(lane, first);
	while (begun == 0)
		sched_yield();
	return lane;
}

static size_t waiting(struct lane *lane)
{
	struct dm_stats stats = DM_STATS_INIT;

	lane_stats(lane, &stats);
	return stats.waiting;
}

struct other_lane {
	struct lane *primary;
	struct dm_operation operations[HANDED_ON];
};

static void *hand_on(void *argument)
{
	struct other_lane *other = argument;

	for (size_t i = 0; i < HANDED_ON; i++)
		lane_hand_on(other->primary, &other->operations[i], clock_monotonic() + INT64_C(60000000));
	return NULL;
}

static void so_many_at_once_leave_room_and_are_not_refused(void **state)
{
	struct dm_operation first, own = {.kind = DM_OP_UNREAD_COUNT};
	struct other_lane other = {.primary = start(&first)};
	pthread_t thread;

	(void)state;
	for (size_t i = 0; i < HANDED_ON; i++)
		other.operations[i] = (struct dm_operation){.kind = DM_OP_UNREAD_COUNT};
	assert_int_equal(pthread_create(&thread, NULL, hand_on, &other), 0);
	while (waiting(other.primary) < 3) /* half of the queue, and one */
		sched_yield();
	lane_submit(other.primary, &own);
	pthread_mutex_unlock(&gate);
	pthread_join(thread, NULL);
	lane_free(other.primary);
	assert_int_equal(refused, 0);
	assert_int_equal(completed, HANDED_ON + 2);
}

static void they_wait_for_a_limited_time(void **state)
{
	struct dm_operation first, others[5];
	struct lane *lane = start(&first);

	(void)state;
	for (size_t i = 0; i < ARRAY_LENGTH(others); i++) {
		others[i] = (struct dm_operation){.kind = DM_OP_UNREAD_COUNT};
		lane_hand_on(lane, &others[i], 0);
	}
	assert_int_equal(refused, 1); /* the queue is full */
	assert_int_equal(others[4].status, DM_BUSY);
	pthread_mutex_unlock(&gate);
	lane_free(lane);
	assert_int_equal(completed, 6);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(so_many_at_once_leave_room_and_are_not_refused),
		cmocka_unit_test(they_wait_for_a_limited_time),
	};

	return RUN_TESTS("lane_room", tests);
}
