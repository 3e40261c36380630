/* SPDX-License-Identifier: MIT */
/* test_piece_queue.c - pieces of long work rest once they have gone on for a while; short work does not. */
#include "piece_queue.h"

#include "unit.h"

#define MS INT64_C(1000)

static struct piece_queue queue;

/* A piece of so many milliseconds runs as soon as it is due. Gives the milliseconds that it rested. */
static int64_t run_piece(int64_t *now, int64_t ms)
{
	struct dm_operation piece = {.kind = DM_OP_MESSAGES_PURGE};
	int64_t began = *now;

	piece_queue_add(&queue, &piece);
	while (!piece_queue_is_due(&queue, NULL, *now))
		*now += MS;
	began = *now - began;
	assert_ptr_equal(piece_queue_start(&queue), &piece);
	assert_null(queue.first);
	piece_queue_ran(&queue, true, *now, *now + ms * MS);
	*now += ms * MS;
	return began / MS;
}

static void work_of_a_moment_does_not_rest(void **state)
{
	int64_t now = 0;

	(void)state;
	piece_queue_init(&queue);
	for (int i = 0; i < 8; i++)
		assert_int_equal(run_piece(&now, 30), 0);
	now += 1000 * MS; /* others have run since: this is other work */
	for (int i = 0; i < 8; i++)
		assert_int_equal(run_piece(&now, 30), 0);
}

static void long_work_rests_twice_as_long_as_it_runs(void **state)
{
	int64_t now = 0, rested = 0, ran = 0;

	(void)state;
	piece_queue_init(&queue);
	for (int i = 0; i < 1000; i++) {
		rested += run_piece(&now, 30);
		ran += 30;
	}
	assert_in_range(rested, (ran - 300) * 2, ran * 2);
	run_piece(&now, 5000);
	assert_int_equal(run_piece(&now, 30), 200); /* and never longer than this */
}

static void others_have_their_turn(void **state)
{
	struct dm_operation pieces[2] = {{.kind = DM_OP_MESSAGES_PURGE, .internal = {.queued_at = 20}},
					 {.kind = DM_OP_MESSAGES_PURGE, .internal = {.queued_at = 40}}};
	struct dm_operation before = {.kind = DM_OP_SEND, .internal = {.queued_at = 10}};
	struct dm_operation behind = {.kind = DM_OP_SEND, .internal = {.queued_at = 30}};

	(void)state;
	piece_queue_init(&queue);
	piece_queue_add(&queue, &pieces[0]);
	piece_queue_add(&queue, &pieces[1]);
	assert_false(piece_queue_is_due(&queue, &before, 50));
	assert_true(piece_queue_is_due(&queue, &behind, 50));
	assert_ptr_equal(piece_queue_start(&queue), &pieces[0]);
	assert_false(piece_queue_is_due(&queue, NULL, 50)); /* one runs at a time */
	piece_queue_ran(&queue, true, 50, 60);
	behind.internal.queued_at = 70;
	assert_false(piece_queue_is_due(&queue, &behind, 80)); /* it comes first, for there was a piece just now */
	piece_queue_ran(&queue, false, 80, 90);
	assert_true(piece_queue_is_due(&queue, &behind, 90));
	assert_ptr_equal(piece_queue_pop(&queue), &pieces[1]);
	assert_false(piece_queue_is_due(&queue, NULL, INT64_MAX));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(work_of_a_moment_does_not_rest),
		cmocka_unit_test(long_work_rests_twice_as_long_as_it_runs),
		cmocka_unit_test(others_have_their_turn),
	};

	return RUN_TESTS("piece_queue", tests);
}
