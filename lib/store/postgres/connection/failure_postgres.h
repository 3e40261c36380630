/* SPDX-License-Identifier: MIT */
/* failure_postgres.h - what a failure of PostgreSQL means to us: a status, a sentence and a remedy. */
#ifndef FAILURE_POSTGRES_H
#define FAILURE_POSTGRES_H

#include "failure.h"

#include <libpq-fe.h>

/* What a failed result means to us, with its sentence in *error. */
enum dm_status postgres_failure(const PGresult *result, struct dm_error *error);

/* The same of a connection that could not be made or has broken. */
enum dm_status postgres_connection_failure(const PGconn *connection, struct dm_error *error);

/* What to do with a transaction in which a statement failed: the server has rolled it back for certain. */
enum postgres_remedy {
	REMEDY_NONE,      /* the server can't do it now: all of it has failed */
	REMEDY_LEAVE_OUT, /* the statement's own fault: the rest works without it */
	REMEDY_WAIT,      /* a row that another transaction holds: the rest works without what needs it */
	REMEDY_REPEAT,    /* a clash with another transaction: the same again works */
	REMEDY_RECONNECT, /* the session is of no use any more: the same again works on another */
	REMEDY_ELSEWHERE  /* the server may only be read: another may take it (session_may_move) */
};
enum postgres_remedy postgres_remedy(const PGresult *result);

#endif
