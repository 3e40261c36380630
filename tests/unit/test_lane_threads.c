/* SPDX-License-Identifier: MIT */
/* test_lane_threads.c - threads of a lane share a queue; the one that ends long waits never waits itself. */
#include "lane.h"

#include "clock.h"
#include "unit.h"

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>

/* ---- several threads ----------------------------------------------------------------------------------------- */

#define THREADS 3

/* Each thread waits in its first operation until all threads have one. */
static pthread_barrier_t all_are_at_work;
static _Atomic size_t met, completed_together;

static void count_together(struct dm_operation *operation)
{
	(void)operation;
	completed_together++;
}

static const struct store_options store = {.completed = count_together, .max_waiting = 1000};

static void meet(void *context, struct dm_operation **operations, size_t count)
{
	(void)context;
	for (size_t i = 0; i < count; i++) {
		if (operations[i]->send.sender_id < THREADS) {
			pthread_barrier_wait(&all_are_at_work);
			met++;
		}
		lane_complete(&store, operations[i]);
	}
}

static void threads_share_a_queue(void **state)
{
	struct dm_operation operations[THREADS + 100];
	void *sessions[THREADS] = {NULL};
	struct lane_options options = {
		.run_batch = meet, .sessions = sessions, .sessions_count = THREADS, .max_batch = 1, .store = &store};
	struct lane *lane;

	(void)state;
	pthread_barrier_init(&all_are_at_work, NULL, THREADS);
	lane = lane_new(&options);
	assert_non_null(lane);
	for (size_t i = 0; i < THREADS + 100; i++) {
		operations[i] = (struct dm_operation){.kind = DM_OP_SEND, .send = {.sender_id = (int64_t)i}};
		lane_submit(lane, &operations[i]);
	}
	lane_free(lane);
	pthread_barrier_destroy(&all_are_at_work);
	assert_int_equal(met, THREADS);
	assert_int_equal(completed_together, THREADS + 100);
}

/* ---- the watcher --------------------------------------------------------------------------------------------- */

#define TIMEOUT 100000
#define MAX_WAIT 10000000 /* a test may wait so long */

static struct lane *closed_lane;
static atomic_bool is_open, has_begun;
static atomic_int refused, retry_status;

/* Runs once more what has waited too long. */
static void run_again(struct dm_operation *operation)
{
	struct dm_operation retry = {.kind = DM_OP_SEND};

	refused += operation->status == DM_BUSY;
	if (operation->status != DM_BUSY || operation->context == NULL)
		return;
	lane_run(closed_lane, &retry);
	retry_status = (int)retry.status;
}

static const struct store_options retrying = {.completed = run_again, .max_waiting = 1000};

/* The batch waits, as if for the disk. */
static void wait_at_gate(void *context, struct dm_operation **operations, size_t count)
{
	(void)context;
	has_begun = true;
	while (!is_open)
		sched_yield();
	for (size_t i = 0; i < count; i++)
		lane_complete(&retrying, operations[i]);
}

static void who_has_waited_too_long_can_not_wait_once_more_at_once(void **state)
{
	struct dm_operation first = {.kind = DM_OP_SEND}, late = {.kind = DM_OP_SEND, .context = &late};
	void *sessions[] = {NULL};
	const struct lane_options options = {.run_batch = wait_at_gate,
					     .sessions = sessions,
					     .sessions_count = 1,
					     .max_batch = 1,
					     .timeout = TIMEOUT,
					     .store = &retrying};
	int64_t until = clock_monotonic() + MAX_WAIT;
	int status;

	(void)state;
	closed_lane = lane_new(&options);
	assert_non_null(closed_lane);
	while (!has_begun) { /* it is refused where the lane's thread begins late */
		refused = 0;
		lane_submit(closed_lane, &first);
		while (!has_begun && refused == 0)
			sched_yield();
	}
	lane_submit(closed_lane, &late);
	while (retry_status == DM_OK && clock_monotonic() < until)
		sched_yield();
	status = retry_status; /* while the gate is closed */
	is_open = true;
	lane_free(closed_lane);
	assert_int_equal(status, DM_BUSY);
	assert_int_equal(late.status, DM_BUSY);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(threads_share_a_queue),
		cmocka_unit_test(who_has_waited_too_long_can_not_wait_once_more_at_once),
	};

	return RUN_TESTS("lane_threads", tests);
}
