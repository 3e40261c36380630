/* SPDX-License-Identifier: MIT */
/* connect.h - making one connection, wherever the database is. */
#ifndef CONNECT_H
#define CONNECT_H

#include "conninfo.h"

struct connected {
	PGconn *connection; /* owned by the caller; NULL: it has failed */
	unsigned moves;     /* postgres->moves, before it was made */
	bool is_read_only;  /* no host took writes */
};

/* Connects to all hosts side by side: the last good one first, the others soon after it. Gives the first that takes
 * writes, else one that can be read. May block for as long as the connect limit of one host. *error tells why it has
 * failed. */
struct connected postgres_connect(struct postgres *postgres, enum connection_role role, struct dm_error *error);

#endif
