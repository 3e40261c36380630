/* SPDX-License-Identifier: MIT */
/* connect.h - making one connection, wherever the database is. */
#ifndef CONNECT_H
#define CONNECT_H

#include "postgres.h"

/* What connections are for: a lane's, or changing the schema, which may take its time. */
enum connection_role { CONNECTION_LANE, CONNECTION_SCHEMA };

struct connected {
	PGconn *connection; /* NULL: it has failed */
	unsigned moves;     /* postgres->moves, before it was made */
	bool is_read_only;  /* no host takes writes */
};

/* Connects to all hosts, side by side: the last good one first, the others soon after it. Gives the first that takes
 * writes, else one that can be read. It may block for as long as the limit of one host. */
struct connected postgres_connect(struct postgres *postgres, enum connection_role role, struct dm_error *error);

/* A connection that was not even tried, for libpq to tell what it makes of the URL. NULL where there is no memory. */
MUST_CHECK PGconn *connect_not(const struct postgres *postgres);

#endif
