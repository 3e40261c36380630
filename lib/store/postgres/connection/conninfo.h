/* SPDX-License-Identifier: MIT */
/* conninfo.h - what libpq is told when it connects. */
#ifndef CONNINFO_H
#define CONNINFO_H

#include "postgres.h"

#include <libpq-fe.h>

/* What a connection is for: a lane's work, or a change of the schema, which may take its time. */
enum connection_role { CONNECTION_LANE, CONNECTION_SCHEMA };

/* Starts connecting to a host, as PQconnectStartParams does; the caller goes on with PQconnectPoll. NULL where there is
 * no memory. */
MUST_CHECK PGconn *conninfo_start(const struct postgres *postgres, enum connection_role role,
				  const struct home *target);

/* A connection that was not even tried, whose options libpq has read from the URL, its service file and the
 * environment. NULL where there is no memory. */
MUST_CHECK PGconn *conninfo_unconnected(const struct postgres *postgres);

#endif
