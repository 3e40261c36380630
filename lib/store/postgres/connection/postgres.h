/* SPDX-License-Identifier: MIT */
/* postgres.h - what all sessions on one PostgreSQL database share: how to connect, time limits, the SQL. setup.h
 * fills it in. */
#ifndef POSTGRES_H
#define POSTGRES_H

#include "statements.h"
#include "store.h"

#include <pthread.h>
#include <stdatomic.h>

/* On which servers tell each other that the event log has grown. */
#define EVENTS_CHANNEL "directmessages_event"

/* How long things may take, in microseconds. Together they are what an operation may wait: the store's busy_timeout_ms
 * (L). The server ends a statement before the socket's limit ends the connection, so that the rest of a batch goes on.
 */
struct limits {
	int64_t queue;      /* L/4: in the lane's queue; then it is refused */
	int64_t lock;       /* L/4: of a statement, for a lock of another transaction; see write_lock */
	int64_t write_lock; /* the same of a batch of writes, where there are lanes for reads: short, for what has to
			       wait longer is set apart */
	int64_t statement;  /* L/2: of a statement */
	int64_t batch;      /* 3/4 L: of a batch, with connecting anew; then the connection is given up */
	int64_t connect;    /* the URL's connect_timeout, else a second more than L: of a host; not positive: none */
};

/* Of the URL, or of what libpq takes in its place; NULL where it says nothing. */
struct host {
	char *name, *address, *port;
};

/* The place of the last connection that takes writes. */
struct home {
	const struct host *host; /* NULL: there was none yet */
	char address[80];        /* numbers; "": as libpq finds it */
};

struct postgres {
	struct store_options options; /* its url is not kept */
	char *url;
	char *name;           /* a URL that says which database it is, and no more */
	char *server_options; /* the connection's "options": ours, then those of the URL or PGOPTIONS */
	struct limits limits;
	struct statements statements;
	struct host *hosts;
	size_t hosts_count;
	atomic_uint moves;      /* of the home: a session of before is to move too */
	atomic_uint suspicions; /* how often a connection was given up because it was silent: others may be dead too */
	pthread_mutex_t mutex;  /* guards all below */
	struct home home;
	int64_t read_only_at; /* when one that can only be read was taken because others did not answer */
	int64_t last_sent_at; /* of the message stored last */
	uint64_t commits;
};

#endif
