/* SPDX-License-Identifier: MIT */
/* test_lane.c - waiting operations become one batch; a full queue and a long wait are refused; a thread knows its
 * lane. */
#include "lane.h"

#include "clock.h"
#include "unit.h"

#include <pthread.h>
#include <sched.h>

#define MAX_BATCHES 64

/* The session of the lane. While the gate is closed, its batches wait at it. */
struct fake_session {
	pthread_mutex_t mutex;
	pthread_cond_t moved;
	bool closed;
	bool nest; /* run one more operation from within `completed` */
	struct lane *lane;
	size_t batches, completed, refused;
	size_t sizes[MAX_BATCHES];
	pthread_t completed_on; /* of the last operation */
	int64_t last;           /* the number of the last operation; they must come in order */
	bool in_order;
};

static struct fake_session session;

/* An operation has a number: the id of its user. */
#define SEND(number) \
	{ \
		.kind = DM_OP_SEND, .send = {.sender_id = (number) } \
	}

static int64_t number_of(const struct dm_operation *operation)
{
	return operation->kind == DM_OP_SEND ? operation->send.sender_id : operation->mark_conversation_read.user_id;
}

static void completed(struct dm_operation *operation);
static struct store_options store = {.completed = completed};

static void run_batch(void *context, struct dm_operation **operations, size_t count)
{
	struct fake_session *own = context;

	pthread_mutex_lock(&own->mutex);
	own->sizes[own->batches++ % MAX_BATCHES] = count;
	pthread_cond_broadcast(&own->moved);
	while (own->closed)
		pthread_cond_wait(&own->moved, &own->mutex);
	for (size_t i = 0; i < count; i++) {
		own->in_order &= number_of(operations[i]) == own->last + 1;
		own->last = number_of(operations[i]);
		operations[i]->status = DM_OK;
	}
	pthread_mutex_unlock(&own->mutex);
	for (size_t i = 0; i < count; i++)
		lane_complete(&store, operations[i]);
}

static void completed(struct dm_operation *operation)
{
	bool nest;

	pthread_mutex_lock(&session.mutex);
	session.completed++;
	session.refused += operation->status == DM_BUSY;
	session.completed_on = pthread_self();
	nest = session.nest;
	session.nest = false;
	pthread_cond_broadcast(&session.moved);
	pthread_mutex_unlock(&session.mutex);
	if (nest) {
		struct dm_operation inner = {
			.kind = DM_OP_SEND, .status = DM_INTERNAL, .send = {.sender_id = number_of(operation) + 1}};

		assert_true(lane_is_own_thread(session.lane));
		lane_run_nested(session.lane, &session, &inner);
		operation->send.message.id = inner.status == DM_OK;
	}
}

static void set_closed(bool closed)
{
	pthread_mutex_lock(&session.mutex);
	session.closed = closed;
	pthread_cond_broadcast(&session.moved);
	pthread_mutex_unlock(&session.mutex);
}

/* False: the operation was refused, because it waited too long for the lane's thread. It is not counted then. */
static bool wait_for_batch(void)
{
	bool has_begun;

	pthread_mutex_lock(&session.mutex);
	while (session.batches == 0 && session.refused == 0)
		pthread_cond_wait(&session.moved, &session.mutex);
	has_begun = session.batches > 0;
	if (!has_begun)
		session.refused = session.completed = 0;
	pthread_mutex_unlock(&session.mutex);
	return has_begun;
}

static void start_with_limit(size_t max_waiting, int64_t timeout)
{
	void *sessions[] = {&session};
	struct lane_options options = {.run_batch = run_batch,
				       .sessions = sessions,
				       .sessions_count = 1,
				       .max_batch = LANE_MAX_BATCH,
				       .timeout = timeout,
				       .store = &store};

	session = (struct fake_session){
		.mutex = PTHREAD_MUTEX_INITIALIZER, .moved = PTHREAD_COND_INITIALIZER, .in_order = true};
	store.max_waiting = max_waiting;
	session.lane = lane_new(&options);
	assert_non_null(session.lane);
}

static void start(size_t max_waiting)
{
	start_with_limit(max_waiting, 0);
}

/* Closes the gate, submits one operation and waits until the lane runs it. */
static void block(struct dm_operation *first)
{
	set_closed(true);
	do {
		*first = (struct dm_operation)SEND(1);
		lane_submit(session.lane, first);
	} while (!wait_for_batch());
}

static void what_waits_becomes_one_batch(void **state)
{
	static struct dm_operation operations[1 + 256 + 44];

	(void)state;
	start(1000);
	block(&operations[0]);
	for (size_t i = 1; i < sizeof(operations) / sizeof(operations[0]); i++) {
		operations[i] = (struct dm_operation)SEND((int64_t)i + 1);
		lane_submit(session.lane, &operations[i]);
	}
	set_closed(false);
	lane_free(session.lane); /* runs the operations that still wait */
	assert_int_equal(session.batches, 3);
	assert_int_equal(session.sizes[0], 1);
	assert_int_equal(session.sizes[1], 256);
	assert_int_equal(session.sizes[2], 44);
	assert_int_equal(session.completed, sizeof(operations) / sizeof(operations[0]));
	assert_true(session.in_order);
}

static void a_full_queue_refuses_at_once(void **state)
{
	struct dm_operation operations[5];

	(void)state;
	start(3);
	block(&operations[0]);
	for (size_t i = 1; i < 5; i++) {
		operations[i] = (struct dm_operation)SEND((int64_t)i + 1);
		lane_submit(session.lane, &operations[i]);
	}
	assert_int_equal(session.completed, 1);
	assert_int_equal(session.refused, 1);
	assert_true(pthread_equal(session.completed_on, pthread_self()));
	assert_int_equal(operations[4].status, DM_BUSY);
	assert_int_equal(operations[4].error.status, DM_BUSY);
	lane_run(session.lane, &operations[4]);
	assert_int_equal(operations[4].status, DM_BUSY);
	set_closed(false);
	lane_free(session.lane);
	assert_int_equal(session.completed, 6);
	assert_int_equal(session.refused, 2);
	assert_true(session.in_order);
}

static void wait_for_refusals(size_t count)
{
	size_t refused;

	do {
		sched_yield();
		pthread_mutex_lock(&session.mutex);
		refused = session.refused;
		pthread_mutex_unlock(&session.mutex);
	} while (refused < count);
}

/* The gate stays closed, as if a batch waited for the disk. */
static void what_waits_too_long_behind_a_batch_is_refused_meanwhile(void **state)
{
	struct dm_operation first, late[3] = {SEND(2), SEND(3), SEND(4)}, next;
	int64_t began = clock_monotonic();

	(void)state;
	start_with_limit(10, 100000);
	block(&first);
	lane_submit(session.lane, &late[0]);
	lane_submit(session.lane, &late[1]);
	wait_for_refusals(2);
	assert_true(clock_monotonic() - began >= 100000);
	lane_run(session.lane, &late[2]); /* and again */
	for (size_t i = 0; i < 3; i++) {
		assert_int_equal(late[i].status, DM_BUSY);
		assert_int_equal(late[i].error.status, DM_BUSY);
	}
	set_closed(false);
	do { /* it is refused where the lane's thread goes on late */
		next = (struct dm_operation)SEND(2);
		lane_run(session.lane, &next);
	} while (next.status == DM_BUSY);
	lane_free(session.lane);
	assert_int_equal(next.status, DM_OK);
	assert_true(session.refused >= 3);
	assert_true(session.in_order);
}

static void a_batch_holds_so_many_bytes(void **state)
{
	const size_t sizes[] = {LANE_MAX_BATCH_BYTES / 2, LANE_MAX_BATCH_BYTES / 2, 1, LANE_MAX_BATCH_BYTES * 2, 1, 1};
	struct dm_operation first, operations[6];

	(void)state;
	start(10);
	block(&first);
	for (size_t i = 0; i < 6; i++) {
		operations[i] = (struct dm_operation){
			.kind = DM_OP_SEND, .send = {.sender_id = (int64_t)i + 2, .content = {NULL, sizes[i]}}};
		lane_submit(session.lane, &operations[i]);
	}
	set_closed(false);
	lane_free(session.lane);
	assert_int_equal(session.batches, 5);
	assert_int_equal(session.sizes[1], 2);
	assert_int_equal(session.sizes[2], 1);
	assert_int_equal(session.sizes[3], 1);
	assert_int_equal(session.sizes[4], 2);
	assert_true(session.in_order);
}

/* Of marking the second piece, of purging and trimming each. */
static void a_piece_of_long_work_is_a_batch_of_its_own(void **state)
{
	struct dm_operation first, operations[6];

	(void)state;
	start(10);
	block(&first);
	for (size_t i = 0; i < 6; i++) {
		if (i == 2)
			operations[i] = (struct dm_operation)SEND(2);
		else
			operations[i] =
				(struct dm_operation){.kind = i == 5 ? DM_OP_EVENTS_TRIM : DM_OP_MARK_CONVERSATION_READ,
						      .mark_conversation_read = {.user_id = 2, .more = i == 3}};
		lane_submit(session.lane, &operations[i]);
	}
	set_closed(false);
	lane_free(session.lane);
	assert_int_equal(session.batches, 4);
	assert_int_equal(session.sizes[1], 4);
	assert_int_equal(session.sizes[2], 1);
	assert_int_equal(session.sizes[3], 1);
	assert_int_equal(session.completed, 7);
}

/* The gate stays closed, and the piece waits behind it as all do. */
static void a_piece_that_waits_too_long_is_refused_too(void **state)
{
	struct dm_operation first, piece = {.kind = DM_OP_MESSAGES_PURGE};

	(void)state;
	start_with_limit(10, 100000);
	block(&first);
	lane_run(session.lane, &piece);
	assert_int_equal(piece.status, DM_BUSY);
	set_closed(false);
	lane_free(session.lane);
}

static void running_waits_for_the_lane_s_thread(void **state)
{
	(void)state;
	start(1);
	for (int64_t i = 1; i <= 200; i++) {
		struct dm_operation operation = {.kind = DM_OP_SEND, .status = DM_INTERNAL, .send = {.sender_id = i}};

		lane_run(session.lane, &operation);
		assert_int_equal(operation.status, DM_OK);
		assert_int_equal(session.completed, i);
		assert_false(pthread_equal(session.completed_on, pthread_self()));
	}
	lane_free(session.lane);
	assert_int_equal(session.batches, 200);
}

static void the_lane_s_own_thread_knows_itself(void **state)
{
	struct dm_operation operation = SEND(1);

	(void)state;
	start(1);
	assert_false(lane_is_own_thread(session.lane));
	session.nest = true;
	lane_run(session.lane, &operation);
	assert_int_equal(operation.send.message.id, 1);
	lane_free(session.lane);
	assert_int_equal(session.batches, 2);
	assert_int_equal(session.completed, 2);
	assert_true(session.in_order);
}

static void its_numbers_are_told(void **state)
{
	static struct dm_operation operations[1 + 300];
	struct dm_operation last = SEND(302);
	struct dm_stats stats = {.lanes = 1, .operations = 7, .batches = {[1] = 5}};

	(void)state;
	start(1000);
	block(&operations[0]);
	for (size_t i = 1; i <= 300; i++) {
		operations[i] = (struct dm_operation)SEND((int64_t)i + 1);
		lane_submit(session.lane, &operations[i]);
	}
	lane_stats(session.lane, &stats); /* adds to the numbers */
	assert_int_equal(stats.lanes, 2);
	assert_int_equal(stats.waiting, 300);
	assert_int_equal(stats.max_waiting, 1000);
	assert_int_equal(stats.operations, 7 + 1);
	assert_int_equal(stats.batches[0], 1);
	set_closed(false);
	lane_run(session.lane, &last);
	stats = (struct dm_stats){0};
	lane_stats(session.lane, &stats);
	assert_int_equal(stats.waiting, 0);
	assert_int_equal(stats.operations, 302);
	assert_int_equal(stats.batches[8], 1); /* of 256 */
	assert_int_equal(stats.batches[6], 1); /* of 44, or of 45 if the last one was quick enough */
	assert_in_range(stats.batches[0], 1, 2);
	lane_free(session.lane);
}

static void what_its_own_thread_runs_is_counted_too(void **state)
{
	struct dm_operation operation = SEND(1);
	struct dm_stats stats = {0};

	(void)state;
	start(1);
	session.nest = true;
	lane_run(session.lane, &operation);
	lane_stats(session.lane, &stats);
	assert_int_equal(stats.batches[0], 2);
	assert_int_equal(stats.operations, 2);
	lane_free(session.lane);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_waits_becomes_one_batch),
		cmocka_unit_test(a_full_queue_refuses_at_once),
		cmocka_unit_test(what_waits_too_long_behind_a_batch_is_refused_meanwhile),
		cmocka_unit_test(a_batch_holds_so_many_bytes),
		cmocka_unit_test(a_piece_of_long_work_is_a_batch_of_its_own),
		cmocka_unit_test(a_piece_that_waits_too_long_is_refused_too),
		cmocka_unit_test(running_waits_for_the_lane_s_thread),
		cmocka_unit_test(the_lane_s_own_thread_knows_itself),
		cmocka_unit_test(its_numbers_are_told),
		cmocka_unit_test(what_its_own_thread_runs_is_counted_too),
	};

	return RUN_TESTS("lane", tests);
}
