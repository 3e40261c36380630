/* SPDX-License-Identifier: MIT */
/* timeouts.c - a loop's clock, and the queues of connections that wait for their clients. */
#include "timeouts.h"

#include "clock.h"

#include <stddef.h>

/* If more time than this has passed beyond what epoll_wait was given, the process did not run. */
#define STALL_MS 1000

void timeouts_tick(struct timeouts *timeouts)
{
	int64_t system_ms = clock_monotonic() / 1000, passed = system_ms - timeouts->system_ms;

	if (timeouts->asked_to_wait_ms >= 0 && passed > timeouts->asked_to_wait_ms + STALL_MS)
		passed = timeouts->asked_to_wait_ms + STALL_MS;
	timeouts->now_ms += passed;
	timeouts->system_ms = system_ms;
}

static void leave(struct timeouts *timeouts, struct timeout_place *place)
{
	struct timeout_queue *queue;

	if (place->state == CLIENT_CLOSED)
		return;
	queue = &timeouts->queues[place->state];
	if (place->older)
		place->older->newer = place->newer;
	else
		queue->oldest = place->newer;
	if (place->newer)
		place->newer->older = place->older;
	else
		queue->newest = place->older;
	place->older = place->newer = NULL;
	place->state = CLIENT_CLOSED;
}

static void enter(struct timeouts *timeouts, struct timeout_place *place, enum client_state state)
{
	struct timeout_queue *queue = &timeouts->queues[state];

	place->state = state;
	place->older = queue->newest;
	if (queue->newest)
		queue->newest->newer = place;
	else
		queue->oldest = place;
	queue->newest = place;
}

void timeouts_move(struct timeouts *timeouts, struct timeout_place *place, enum client_state state)
{
	place->since_ms = timeouts->now_ms;
	if (state != CLIENT_CLOSED && timeouts->queues[state].newest == place)
		return; /* it is at the end already */
	timeouts_move_keeping_time(timeouts, place, state);
}

void timeouts_move_keeping_time(struct timeouts *timeouts, struct timeout_place *place, enum client_state state)
{
	leave(timeouts, place);
	if (state != CLIENT_CLOSED)
		enter(timeouts, place, state);
}

struct connection *timeouts_overdue(const struct timeouts *timeouts, enum client_state state, int64_t ms)
{
	const struct timeout_place *oldest = timeouts->queues[state].oldest;

	return oldest && timeouts->now_ms - oldest->since_ms >= ms ? oldest->connection : NULL;
}
