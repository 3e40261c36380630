/* SPDX-License-Identifier: MIT */
/* postgres.h - what all sessions on one PostgreSQL database share: how to connect, time limits, the SQL. setup.h
 * fills it in. */
#ifndef POSTGRES_H
#define POSTGRES_H

#include "freshness.h"
#include "statements.h"
#include "store.h"

#include <pthread.h>
#include <stdatomic.h>

/* The NOTIFY channel of servers that have added to the event log. */
#define EVENTS_CHANNEL "directmessages_event"

/* Timeouts in microseconds. Together they are what an operation may wait: the store's busy_timeout_ms (L). The server
 * ends a statement before we give up the connection, so that the rest of its batch goes on. */
struct limits {
	int64_t queue;      /* L/4: an operation in the lane's queue; then it is refused */
	int64_t lock;       /* L/4: a statement that waits for a lock of another transaction */
	int64_t write_lock; /* the same for a batch of writes where there are lanes for reads: short, since what has to
			       wait longer is parked */
	int64_t statement;  /* L/2: a statement */
	int64_t batch;      /* 3/4 L: a batch, with connecting; then the connection is given up */
	int64_t connect;    /* connecting to a host: the URL's connect_timeout, else L and a second; 0 or less: none */
};

/* A host of the URL, or of what libpq reads in its place. NULL where nothing is said. */
struct host {
	char *name, *address, *port;
};

/* One address of a host. */
struct home {
	const struct host *host; /* NULL: none */
	char address[80];        /* in numbers; "": libpq looks it up */
};

struct postgres {
	struct store_options options; /* its url is not kept */
	char *url;
	char *name;           /* a URL without password or options, for people */
	char *server_options; /* the connection's "options": ours, then those of the URL or PGOPTIONS */
	struct limits limits;
	struct listener *listener;   /* where events are recorded, else NULL */
	struct freshness *freshness; /* what standbys must have, where some are read from, else NULL; not owned */
	bool is_standby;             /* these are the standbys: no other hosts will do */
	struct statements statements;
	struct host *hosts;
	size_t hosts_count;
	atomic_uint moves;      /* how often `home` has changed: sessions from before move too */
	atomic_uint suspicions; /* how often a connection was given up because the server did not answer on it: others
				   may be dead too */
	pthread_mutex_t mutex;  /* guards all below */
	struct home home;       /* of the last connection that takes writes */
	int64_t read_only_at;   /* when a read-only host was used because no other answered; by the monotonic clock */
	int64_t last_sent_at;   /* of the last message stored */
	uint64_t commits;
};

#endif
