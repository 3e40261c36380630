/* SPDX-License-Identifier: MIT */
/* failure_postgres.h - what a failure of PostgreSQL means to us: a status, a sentence and a remedy. */
#ifndef FAILURE_POSTGRES_H
#define FAILURE_POSTGRES_H

#include "failure.h"

#include <libpq-fe.h>

/* The status of a failed result, with its sentence in *error. */
enum dm_status postgres_failure(const PGresult *result, struct dm_error *error);

/* The same for a connection that could not be made or has broken. */
enum dm_status postgres_connection_failure(const PGconn *connection, struct dm_error *error);

/* What to do after a statement has failed and the server has rolled back its transaction. */
enum postgres_remedy {
	REMEDY_NONE,      /* the server can't do it now: the whole transaction fails */
	REMEDY_LEAVE_OUT, /* the statement's own fault: rerun the others */
	REMEDY_PARK,      /* another transaction holds a row: park what needs it, rerun the others */
	REMEDY_RERUN,     /* a clash with another transaction: rerun all */
	REMEDY_RECONNECT, /* the session is of no use any more: rerun all on another connection */
	REMEDY_ELSEWHERE  /* the server may only be read: the same, if another may take it (session_may_move) */
};
enum postgres_remedy postgres_remedy(const PGresult *result);

#endif
