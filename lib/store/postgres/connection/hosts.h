/* SPDX-License-Identifier: MIT */
/* hosts.h - where the database may be: the hosts of the URL, and the addresses behind their names. */
#ifndef HOSTS_H
#define HOSTS_H

#include "postgres.h"

#define TARGETS_MOST 16

/* Finds out by libpq which hosts the URL, its service file and the environment name, and how long to wait for one. */
MUST_CHECK enum dm_status hosts_read(struct postgres *postgres, struct dm_error *error);
void hosts_free(struct postgres *postgres);

/* Their addresses now, in the order of the URL, that of the last good connection first. Gives how many there are, at
 * least 1. */
size_t hosts_resolve(struct postgres *postgres, struct home targets[TARGETS_MOST]);

/* A connection to it takes writes: from now on it comes first, and sessions elsewhere are to move. */
void hosts_settle(struct postgres *postgres, const struct home *target);

#endif
