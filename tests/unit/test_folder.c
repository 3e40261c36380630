/* SPDX-License-Identifier: MIT */
/* test_folder.c - the thread that folds rests behind a piece that has failed. */
#include "folder.h"

#include "clock.h"
#include "unit.h"

#include <sched.h>
#include <stdatomic.h>

#define LOOKED_AT 30000 /* microseconds */
#define MAX_PIECES 10   /* meanwhile: a second passes between two, or the machine stands still */

static atomic_int pieces;

/* As where the database is locked. There is more, as after the piece before. */
static void fail_at_once(dm *handle, struct dm_operation *operation)
{
	(void)handle;
	pieces++;
	operation->status = DM_BUSY;
	operation->inbox_fold.more = true;
	operation->inbox_fold.left = 1000000;
}

static void a_failure_is_followed_by_a_rest(void **state)
{
	struct folder *folder = folder_start(NULL, fail_at_once);
	int64_t until;

	(void)state;
	assert_non_null(folder);
	while (pieces == 0)
		sched_yield();
	for (until = clock_monotonic() + LOOKED_AT; clock_monotonic() < until;)
		sched_yield();
	folder_stop(folder);
	assert_in_range(pieces, 1, MAX_PIECES);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_failure_is_followed_by_a_rest),
	};

	return RUN_TESTS("folder", tests);
}
