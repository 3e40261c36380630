/* SPDX-License-Identifier: MIT */
/* connect.h - making one connection, wherever the database is. */
#ifndef CONNECT_H
#define CONNECT_H

#include "conninfo.h"

struct connected {
	PGconn *connection; /* NULL: it has failed */
	unsigned moves;     /* postgres->moves, before it was made */
	bool is_read_only;  /* no host takes writes */
};

/* Connects to all hosts, side by side: the last good one first, the others soon after it. Gives the first that takes
 * writes, else one that can be read. It may block for as long as the limit of one host. */
struct connected postgres_connect(struct postgres *postgres, enum connection_role role, struct dm_error *error);

#endif
