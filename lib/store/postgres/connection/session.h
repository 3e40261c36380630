/* SPDX-License-Identifier: MIT */
/* session.h - one connection to the database, in pipeline mode, used by one thread at a time; it comes back by itself
 * when it is lost. */
#ifndef SESSION_H
#define SESSION_H

#include "locks.h"
#include "postgres.h"
#include "values.h"

/* Whether there is a connection. The keeper makes one where it is wanted, and again where it has failed. */
enum link { LINK_NONE, LINK_WANTED, LINK_FAILED, LINK_UP };

struct session {
	struct postgres *postgres;
	struct session *next;       /* of the keeper's */
	struct session *next_spare; /* in the pool of spare sessions */
	struct lane *parking;       /* where a write waits whose row another transaction holds; NULL: it fails */
	struct held_rows held;      /* of its writes */
	bool unreplicated;          /* a COMMIT gave up waiting for a synchronous standby */
	int64_t lock_limit;         /* how long a statement waits for a lock, in microseconds */
	struct lane *writer;        /* where a batch of reads hands writes on to; NULL: they are its own */
	enum link link;
	PGconn *connection;
	bool cut;        /* something could not be sent: results would be taken for those of other statements */
	bool is_up;      /* link is LINK_UP: what the session's own thread knows without asking */
	bool prepared;   /* the schema is as it should be, the statements are prepared, it is in pipeline mode */
	int64_t used_at; /* when something came from the server last */
	int64_t connected_at;
	unsigned moves;      /* those of postgres when it was connected, */
	unsigned suspicions; /* and when it was known to be alive */
	bool is_read_only;   /* no host took writes when it was connected */
	bool is_silent;      /* the server did not answer in time */
};

MUST_CHECK struct session *session_new(struct postgres *postgres);
void session_free(struct session *session);

/* Makes sure that there is a connection that answers, and that it is prepared; waits for it until the deadline. */
MUST_CHECK enum dm_status session_ready(struct session *session, int64_t deadline, struct dm_error *error);

/* Asks the database again whether the schema is as it should be, on a session that does nothing else. */
MUST_CHECK enum dm_status session_check_schema(struct session *session, int64_t deadline, struct dm_error *error);

/* Gives up the connection: it has broken, or is in an unknown state. */
void session_lost(struct session *session);

/* A write was refused because the server may only be read: whether the same is to be run again on another connection.
 * Where this one was made in the knowledge of that, there is none for now. */
MUST_CHECK bool session_elsewhere(const struct session *session);

/* Puts a statement into the pipeline. Where that fails the session is cut: nothing behind it is sent, and no result is
 * given any more (session_result fails). False then, and where the session was cut before. */
bool session_send(struct session *session, enum statement statement, const struct parameters *parameters);

/* Ends what was sent as one unit: an error in it ends the rest of it. It cuts the session where it fails. */
void session_sync(struct session *session);

/* The next result, to be cleared by PQclear; it waits until the deadline. NULL where a statement has no more results.
 * False where the connection is of no use any more: then call session_lost. */
MUST_CHECK bool session_result(struct session *session, int64_t deadline, PGresult **result, struct dm_error *error);

/* Takes all results up to the next sync; the first failure among them. */
MUST_CHECK enum dm_status session_drain(struct session *session, int64_t deadline, struct dm_error *error);

bool result_is_error(const PGresult *result);

/* Outside of pipeline mode: runs one statement with its parameters (NULL: any number of statements without) to its end.
 * *result is the caller's to clear; NULL is fine where rows are of no interest. For the schema, before a session is
 * prepared. */
MUST_CHECK enum dm_status session_execute(struct session *session, const char *sql, const struct parameters *parameters,
					  int64_t deadline, PGresult **result, struct dm_error *error);

/* The end of it, where it was sent by other means; and whether that has come, waiting at most until then. */
MUST_CHECK enum dm_status session_finish_execute(struct session *session, int64_t deadline, PGresult **result,
						 struct dm_error *error);
MUST_CHECK bool session_has_result(struct session *session, int64_t until);

#define NO_DEADLINE INT64_MAX

#endif
