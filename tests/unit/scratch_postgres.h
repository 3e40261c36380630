/* SPDX-License-Identifier: MIT */
/* scratch_postgres.h - a database for one test in a PostgreSQL cluster: what scratch.c does there. */
#ifndef SCRATCH_POSTGRES_H
#define SCRATCH_POSTGRES_H

#include "unit.h"

/* Creates a database, empty or migrated, and gives its name. */
void scratch_postgres_create(char *database, size_t size, bool with_tables);
void scratch_postgres_drop(const char *database);

/* Runs SQL; gives the first column of the first row, as a number. */
int64_t scratch_postgres_run(const char *database, const char *sql);

/* Runs the SQL in a transaction that lasts until scratch_postgres_unlock, or for five minutes. */
void *scratch_postgres_lock(const char *database, const char *sql);
void scratch_postgres_unlock(void *connection);

#endif
