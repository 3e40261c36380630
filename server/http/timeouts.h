/* SPDX-License-Identifier: MIT */
/* timeouts.h - a loop's clock, and the queues of connections that wait for their clients.
 *
 * A connection is in one of a few queues, by what its client is to do next. All in a queue have the same timeout, so
 * the first in it is the next to be due. The loop's clock hardly advances while the process as a whole does not run
 * (SIGSTOP, a suspended machine), so that no client is closed for that. */
#ifndef TIMEOUTS_H
#define TIMEOUTS_H

#include <stdint.h>

struct connection;

/* What a client is to do next. */
enum client_state {
	CLIENT_IDLE,    /* begin a request */
	CLIENT_QUIET,   /* the same, but it has not for a second: the loop now watches for its first byte */
	CLIENT_HEAD,    /* complete the head of its request */
	CLIENT_REQUEST, /* send the body, or read the response; or it is our turn */
	CLIENT_STATES,
	CLIENT_CLOSED = CLIENT_STATES /* nothing: its connection is closed, or gone */
};

/* A connection's place in a queue; it is a member of `connection`. */
struct timeout_place {
	struct connection *connection;
	enum client_state state;
	struct timeout_place *older, *newer;
	int64_t since_ms; /* it has been in the queue */
};

struct timeout_queue {
	struct timeout_place *oldest, *newest;
};

struct timeouts {
	struct timeout_queue queues[CLIENT_STATES];
	int64_t now_ms;           /* the loop's clock; starts anywhere */
	int64_t system_ms;        /* the system's clock at the last tick */
	int64_t check_at_ms;      /* the queues are to be looked at again */
	int64_t asked_to_wait_ms; /* what the last epoll_wait was given; -1: no timeout */
};

/* Advances the clock. */
void timeouts_tick(struct timeouts *timeouts);

/* Moves a connection to the end of a queue; its time starts now. CLIENT_CLOSED: into none. */
void timeouts_move(struct timeouts *timeouts, struct timeout_place *place, enum client_state state);

/* Moves it without restarting its time. */
void timeouts_move_keeping_time(struct timeouts *timeouts, struct timeout_place *place, enum client_state state);

/* The first connection of a queue if it has been in it for `ms`, otherwise NULL. */
struct connection *timeouts_overdue(const struct timeouts *timeouts, enum client_state state, int64_t ms);

#endif
