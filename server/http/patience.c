/* SPDX-License-Identifier: MIT */
/* patience.c - how long a loop waits for which of its clients. */
#include "patience.h"

#include "clock.h"
#include "connection.h"

/* How often the queues are looked at. */
#define CHECK_MS 250
#define CHECK_STOPPING_MS 25

/* A connection on which no request has come for so long is quiet: then the loop looks out for its first byte, which
 * costs a system call, and it is the first to go where others want room. */
#define QUIET_MS 1000

/* While stopping: who has sent nothing for so long has nothing on its way either. */
#define STOP_QUIET_MS 250

/* The process did not run for what is longer than this beyond the time that was asked for. */
#define STALL_MS 1000

void patience_tick(struct patience *patience)
{
	int64_t system_now = clock_monotonic() / 1000, passed = system_now - patience->looked_at;

	if (patience->asked >= 0 && passed > patience->asked + STALL_MS)
		passed = patience->asked + STALL_MS;
	patience->now += passed;
	patience->looked_at = system_now;
}

/* ---- the queues ---------------------------------------------------------------------------------------------- */

static void leave(struct patience *patience, struct connection *connection)
{
	struct turn_queue *queue;

	if (connection->turn == TURN_NONE)
		return;
	queue = &patience->queues[connection->turn];
	if (connection->older)
		connection->older->newer = connection->newer;
	else
		queue->oldest = connection->newer;
	if (connection->newer)
		connection->newer->older = connection->older;
	else
		queue->newest = connection->older;
	connection->older = connection->newer = NULL;
	connection->turn = TURN_NONE;
}

static void enter(struct patience *patience, struct connection *connection, enum turn turn, int64_t since)
{
	struct turn_queue *queue = &patience->queues[turn];

	connection->turn = turn;
	connection->since = since;
	connection->older = queue->newest;
	if (queue->newest)
		queue->newest->newer = connection;
	else
		queue->oldest = connection;
	queue->newest = connection;
}

void patience_turn(struct patience *patience, struct connection *connection, enum turn turn)
{
	if (turn != TURN_NONE && patience->queues[turn].newest == connection) {
		connection->since = patience->now;
		return;
	}
	leave(patience, connection);
	if (turn != TURN_NONE)
		enter(patience, connection, turn, patience->now);
}

/* The front of a queue, where it has stood there for so long. */
static struct connection *overdue(const struct patience *patience, enum turn turn, int64_t milliseconds)
{
	struct connection *oldest = patience->queues[turn].oldest;

	return oldest && patience->now - oldest->since >= milliseconds ? oldest : NULL;
}

/* ---- whose time is over -------------------------------------------------------------------------------------- */

static int64_t least(int64_t one, int64_t other)
{
	return one < other ? one : other;
}

static int64_t most(int64_t one, int64_t other)
{
	return one > other ? one : other;
}

/* What has come at the last moment is still read. */
static void close_silent(struct loop *loop, struct connection *connection, enum http_closed why)
{
	if (connection_has_data(connection))
		patience_turn(&loop->patience, connection, TURN_HEAD);
	else
		connection_close(connection, why);
}

static void check_silent(struct loop *loop, int64_t idle_ms)
{
	struct patience *patience = &loop->patience;
	struct connection *connection;

	while ((connection = overdue(patience, TURN_FRESH, least(QUIET_MS, idle_ms))) != NULL) {
		int64_t since = connection->since;

		leave(patience, connection);
		enter(patience, connection, TURN_QUIET, since);
		connection_look_out(connection);
	}
	while ((connection = overdue(patience, TURN_QUIET, idle_ms)) != NULL)
		close_silent(loop, connection, HTTP_CLOSED_IDLE);
}

/* No other way to tell of the end than to end: a request that is on its way now is lost. */
static void check_stopping(struct loop *loop)
{
	struct patience *patience = &loop->patience;
	struct connection *connection;

	if (patience->now - loop->stopping_since < STOP_QUIET_MS)
		return;
	while ((connection = overdue(patience, TURN_QUIET, STOP_QUIET_MS)) != NULL)
		close_silent(loop, connection, HTTP_CLOSED_STOP);
	while ((connection = overdue(patience, TURN_FRESH, STOP_QUIET_MS)) != NULL)
		close_silent(loop, connection, HTTP_CLOSED_STOP);
}

/* Those who send a body, or read an answer: so many bytes within each period. */
static void check_requests(struct loop *loop, int64_t period_ms)
{
	const struct http_options *options = &loop->server->options;
	uint64_t bytes = (uint64_t)options->slow_rate * (uint64_t)period_ms / 1000;
	struct connection *connection;

	while ((connection = overdue(&loop->patience, TURN_REQUEST, period_ms)) != NULL) {
		if (connection_is_slow(connection, bytes > 0 ? bytes : 1))
			connection_close(connection, HTTP_CLOSED_SLOW);
		else
			patience_turn(&loop->patience, connection, TURN_REQUEST);
	}
}

bool patience_check(struct loop *loop)
{
	struct patience *patience = &loop->patience;
	const struct http_options *options = &loop->server->options;
	int64_t idle_ms = (int64_t)options->idle_seconds * 1000;
	int64_t slow_ms = least((int64_t)options->slow_seconds * 1000, idle_ms);
	struct connection *connection;

	if (patience->now < patience->check_at)
		return false;
	patience->check_at = patience->now + (loop->stopping ? CHECK_STOPPING_MS : CHECK_MS);
	check_silent(loop, idle_ms);
	while ((connection = overdue(patience, TURN_HEAD, slow_ms)) != NULL)
		connection_close(connection, HTTP_CLOSED_HEAD);
	check_requests(loop, options->slow_rate > 0 ? slow_ms : idle_ms);
	if (loop->stopping)
		check_stopping(loop);
	return true;
}

int64_t patience_left(const struct loop *loop)
{
	const struct patience *patience = &loop->patience;
	const struct turn_queue *queues = patience->queues;
	int64_t left = patience->check_at - patience->now, idle;

	if (loop->stopping || (!loop->listens && loop->most > 0) || queues[TURN_FRESH].oldest ||
	    queues[TURN_HEAD].oldest || queues[TURN_REQUEST].oldest)
		return most(left, 0);
	if (!queues[TURN_QUIET].oldest)
		return -1;
	idle = queues[TURN_QUIET].oldest->since + (int64_t)loop->server->options.idle_seconds * 1000 - patience->now;
	return most(most(idle, left), 0);
}

bool patience_make_room(struct loop *loop)
{
	struct connection *connection = overdue(&loop->patience, TURN_HEAD, QUIET_MS);

	if (!connection)
		connection = overdue(&loop->patience, TURN_QUIET, QUIET_MS);
	if (connection)
		close_silent(loop, connection, HTTP_CLOSED_ROOM);
	return connection != NULL;
}
