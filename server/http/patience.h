/* SPDX-License-Identifier: MIT */
/* patience.h - how long a loop waits for which of its clients; for loop.c and connection.c.
 *
 * Each connection stands in one of a few queues, by what its client is to do next. Those of a queue have the same time
 * for it, so that the oldest stands in front. Times are milliseconds of the loop's own clock: while the process as a
 * whole does not run, it hardly goes on. */
#ifndef PATIENCE_H
#define PATIENCE_H

#include "http.h"

struct connection;
struct loop;

enum turn {
	TURN_FRESH,   /* a request may come */
	TURN_QUIET,   /* none has come for a moment; the loop looks out for its first byte */
	TURN_HEAD,    /* it comes */
	TURN_REQUEST, /* its head is there, and its answer has not gone */
	TURNS,
	TURN_NONE = TURNS /* it is ended, or gone */
};

struct turn_queue {
	struct connection *oldest, *newest;
};

struct patience {
	struct turn_queue queues[TURNS];
	int64_t now;
	int64_t looked_at; /* the system's clock */
	int64_t check_at;  /* patience_check has something to do then */
	int64_t asked;     /* how long the loop wanted to sleep; -1: for ever */
};

/* Lets time go on. */
void patience_tick(struct patience *patience);

/* Moves the connection to the end of a queue, from now on. */
void patience_turn(struct patience *patience, struct connection *connection, enum turn turn);

/* Ends connections whose clients take too long; false where it is not yet time to look again. */
bool patience_check(struct loop *loop);

/* How long there is nothing to check, in milliseconds; -1: for ever. */
int64_t patience_left(const struct loop *loop);

/* Ends one whose client has sent nothing for the longest, so that another has room; false where there is none. */
bool patience_make_room(struct loop *loop);

#endif
