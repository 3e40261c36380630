/* SPDX-License-Identifier: MIT */
/* reaper.c - closes connections whose clients take too long. */
#include "reaper.h"

#include "connection.h"

/* How often the queues are looked at. */
#define CHECK_MS 250
#define CHECK_STOPPING_MS 25

/* An idle connection becomes quiet after this time: the loop watches for its first byte, which costs a system call, and
 * it may be closed if others need room. */
#define QUIET_MS 1000

/* While stopping, a client that has sent nothing for this long has nothing on its way either. */
#define STOP_QUIET_MS 250

static int64_t min(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

static int64_t max(int64_t a, int64_t b)
{
	return a > b ? a : b;
}

/* Bytes that arrived at the last moment are still read. */
static void close_silent(struct loop *loop, struct connection *connection, enum http_closed why)
{
	if (connection_has_data(connection))
		timeouts_move(&loop->timeouts, &connection->place, CLIENT_HEAD);
	else
		connection_close(connection, why);
}

static void check_silent(struct loop *loop, int64_t idle_ms)
{
	struct timeouts *timeouts = &loop->timeouts;
	struct connection *connection;

	for (int count = 0; (connection = timeouts_overdue(timeouts, CLIENT_IDLE, min(QUIET_MS, idle_ms))) != NULL;
	     count++) {
		if (count == MAX_SET_ASIDE) {
			timeouts->check_at_ms = timeouts->now_ms; /* the next ones after what others want */
			break;
		}
		timeouts_move_keeping_time(timeouts, &connection->place, CLIENT_QUIET);
		if (!connection_set_aside(connection))
			connection_watch_for_data(connection);
	}
	while ((connection = timeouts_overdue(timeouts, CLIENT_QUIET, idle_ms)) != NULL)
		close_silent(loop, connection, HTTP_CLOSED_IDLE);
}

/* HTTP/1.1 can't announce the end of an idle connection: a request that is on its way now is lost. */
static void check_stopping(struct loop *loop)
{
	struct timeouts *timeouts = &loop->timeouts;
	struct connection *connection;

	if (timeouts->now_ms - loop->stopping_since_ms < STOP_QUIET_MS)
		return;
	while ((connection = timeouts_overdue(timeouts, CLIENT_QUIET, STOP_QUIET_MS)) != NULL)
		close_silent(loop, connection, HTTP_CLOSED_STOP);
	while ((connection = timeouts_overdue(timeouts, CLIENT_IDLE, STOP_QUIET_MS)) != NULL)
		close_silent(loop, connection, HTTP_CLOSED_STOP);
}

/* Clients that send a body or read a response must move slow_rate bytes a second, measured over each period. */
static void check_requests(struct loop *loop, int64_t period_ms)
{
	const struct http_options *options = &loop->server->options;
	uint64_t bytes = (uint64_t)options->slow_rate * (uint64_t)period_ms / 1000;
	struct connection *connection;

	while ((connection = timeouts_overdue(&loop->timeouts, CLIENT_REQUEST, period_ms)) != NULL) {
		if (connection_is_slow(connection, bytes > 0 ? bytes : 1))
			connection_close(connection, HTTP_CLOSED_SLOW);
		else
			timeouts_move(&loop->timeouts, &connection->place, CLIENT_REQUEST);
	}
}

bool reaper_check(struct loop *loop)
{
	struct timeouts *timeouts = &loop->timeouts;
	const struct http_options *options = &loop->server->options;
	int64_t idle_ms = (int64_t)options->idle_seconds * 1000;
	int64_t slow_ms = min((int64_t)options->slow_seconds * 1000, idle_ms);
	struct connection *connection;

	if (timeouts->now_ms < timeouts->check_at_ms)
		return false;
	timeouts->check_at_ms = timeouts->now_ms + (loop->stopping ? CHECK_STOPPING_MS : CHECK_MS);
	check_silent(loop, idle_ms);
	while ((connection = timeouts_overdue(timeouts, CLIENT_HEAD, slow_ms)) != NULL)
		connection_close(connection, HTTP_CLOSED_HEAD);
	check_requests(loop, options->slow_rate > 0 ? slow_ms : idle_ms);
	if (loop->stopping)
		check_stopping(loop);
	return true;
}

int64_t reaper_sleep_ms(const struct loop *loop)
{
	const struct timeouts *timeouts = &loop->timeouts;
	const struct timeout_queue *queues = timeouts->queues;
	int64_t until_check = timeouts->check_at_ms - timeouts->now_ms, until_idle;

	if (loop->stopping || (!loop->listens && loop->max_open > 0) || queues[CLIENT_IDLE].oldest ||
	    queues[CLIENT_HEAD].oldest || queues[CLIENT_REQUEST].oldest)
		return max(until_check, 0);
	if (!queues[CLIENT_QUIET].oldest)
		return -1;
	until_idle = queues[CLIENT_QUIET].oldest->since_ms + (int64_t)loop->server->options.idle_seconds * 1000 -
		     timeouts->now_ms;
	return max(max(until_idle, until_check), 0);
}

bool reaper_make_room(struct loop *loop)
{
	struct connection *connection = timeouts_overdue(&loop->timeouts, CLIENT_HEAD, QUIET_MS);

	if (!connection)
		connection = timeouts_overdue(&loop->timeouts, CLIENT_QUIET, QUIET_MS);
	if (connection)
		close_silent(loop, connection, HTTP_CLOSED_ROOM);
	return connection != NULL;
}
