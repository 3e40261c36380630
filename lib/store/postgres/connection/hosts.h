/* SPDX-License-Identifier: MIT */
/* hosts.h - where the database may be: the hosts of the URL, and the addresses behind their names. */
#ifndef HOSTS_H
#define HOSTS_H

#include "postgres.h"

#define MAX_TARGETS 16

/* Asks libpq which hosts the URL, its service file and the environment name, and how long to wait for one: fills in
 * `hosts` and limits.connect. */
MUST_CHECK enum dm_status hosts_read(struct postgres *postgres, struct dm_error *error);
void hosts_free(struct postgres *postgres);

/* Looks up the addresses of all hosts: that of the last good connection comes first, the others follow in the order of
 * the URL. Gives how many there are, at least 1. Blocks while names are looked up. */
size_t hosts_resolve(struct postgres *postgres, struct home targets[MAX_TARGETS]);

/* Notes that a connection to the target takes writes: from now on it comes first, and sessions on other hosts move. */
void hosts_settle(struct postgres *postgres, const struct home *target);

#endif
