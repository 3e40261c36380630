/* SPDX-License-Identifier: MIT */
/* test_reaper.c - a loop sleeps until a client's time is over, and no shorter where all are quiet. */
#include "reaper.h"

#include "unit.h"

#include <stdlib.h>

#define IDLE_SECONDS 60
#define IDLE_MS (IDLE_SECONDS * INT64_C(1000))
#define NOW 5000000
#define UNTIL_CHECK 250

static struct http_server *server;

static int setup(void **state)
{
	struct loop *loop;

	server = calloc(1, sizeof(*server) + sizeof(server->loops[0]));
	assert_non_null(server);
	server->options.idle_seconds = IDLE_SECONDS;
	loop = &server->loops[0];
	loop->server = server;
	loop->listens = true;
	loop->max_open = 10;
	loop->timeouts.now_ms = NOW;
	loop->timeouts.check_at_ms = NOW + UNTIL_CHECK;
	*state = loop;
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	free(server);
	return 0;
}

/* Since when it has been in its queue. */
static void put(struct loop *loop, struct timeout_place *place, enum client_state queue, int64_t since)
{
	*place = (struct timeout_place){.state = CLIENT_CLOSED};
	loop->timeouts.now_ms = since;
	timeouts_move(&loop->timeouts, place, queue);
	loop->timeouts.now_ms = NOW;
}

static void without_clients_it_sleeps_for_ever(void **state)
{
	assert_int_equal(reaper_sleep_ms(*state), -1);
}

static void quiet_clients_are_slept_through_until_the_first_is_due(void **state)
{
	struct loop *loop = *state;
	struct timeout_place first, second;

	put(loop, &first, CLIENT_QUIET, NOW - 20000);
	put(loop, &second, CLIENT_QUIET, NOW - 10000);
	assert_int_equal(reaper_sleep_ms(loop), IDLE_MS - 20000);
	timeouts_move(&loop->timeouts, &first, CLIENT_CLOSED);
	assert_int_equal(reaper_sleep_ms(loop), IDLE_MS - 10000);
}

/* It is closed by the next check. */
static void a_quiet_client_whose_time_is_over_is_due_at_the_check(void **state)
{
	struct loop *loop = *state;
	struct timeout_place place;

	put(loop, &place, CLIENT_QUIET, NOW - IDLE_MS - 7);
	assert_int_equal(reaper_sleep_ms(loop), UNTIL_CHECK);
	loop->timeouts.check_at_ms = NOW - 7;
	assert_int_equal(reaper_sleep_ms(loop), 0);
}

static void other_clients_are_looked_at_at_each_check(void **state)
{
	static const enum client_state others[] = {CLIENT_IDLE, CLIENT_HEAD, CLIENT_REQUEST};
	struct loop *loop = *state;
	struct timeout_place quiet, other;

	put(loop, &quiet, CLIENT_QUIET, NOW);
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
		put(loop, &other, others[i], NOW);
		assert_int_equal(reaper_sleep_ms(loop), UNTIL_CHECK);
		timeouts_move(&loop->timeouts, &other, CLIENT_CLOSED);
	}
	loop->stopping = true;
	assert_int_equal(reaper_sleep_ms(loop), UNTIL_CHECK);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(without_clients_it_sleeps_for_ever),
		TEST(quiet_clients_are_slept_through_until_the_first_is_due),
		TEST(a_quiet_client_whose_time_is_over_is_due_at_the_check),
		TEST(other_clients_are_looked_at_at_each_check),
	};

	return RUN_TESTS("reaper", tests);
}
