/* SPDX-License-Identifier: MIT */
/* test_feed.c - on a real database: a round that comes too early to read the log says when one is due. */
#include "feed.h"

#include "clock.h"
#include "scratch.h"

#include <stdlib.h>

#define HOUR INT64_C(3600000000)

static void a_round_that_leaves_the_log_unread_owes_another(void **state)
{
	struct scratch *s = *state;
	struct streams *streams = calloc(1, sizeof(*streams));
	struct feed feed = {.read_at = 0};
	int64_t later = clock_monotonic() + HOUR;

	assert_non_null(streams);
	TAILQ_INIT(&streams->pending);
	TAILQ_INIT(&streams->admitted);
	streams->open = 1; /* none of them has asked for anything */
	feed_init(&feed, s->handle, streams);
	feed_round(&feed);
	assert_true(feed.knows_end);
	assert_int_equal(feed_due_at(&feed), INT64_MAX);
	feed.read_at = later;
	feed_round(&feed);
	assert_int_equal(feed_due_at(&feed), later);
	feed.read_at = 0;
	feed_round(&feed);
	assert_int_equal(feed_due_at(&feed), INT64_MAX);
	feed_release(&feed);
	free(streams);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_round_that_leaves_the_log_unread_owes_another,
						scratch_setup_recording, scratch_teardown),
	};

	return RUN_TESTS("feed", tests);
}
