/* SPDX-License-Identifier: MIT */
/* session.h - one connection to the database, in pipeline mode, used by one thread at a time. When it is lost the
 * keeper makes another. */
#ifndef SESSION_H
#define SESSION_H

#include "keeper.h"
#include "values.h"

struct pg_session {
	struct postgres *postgres;
	struct keeper *keeper;
	struct link link;
	struct pg_session *next;                /* in the pool of spare sessions */
	struct lane *parking;                   /* parks writes whose rows another transaction holds; NULL: they fail */
	struct dm_operation *done, **last_done; /* committed, to be completed by session_complete_done */
	struct held_rows *held;                 /* of its writes; NULL where there is no parking */
	struct lane *writer;                    /* where a batch of reads hands writes on to; NULL: they are its own */
	struct lane *primary; /* a standby's: where a batch of reads hands on what it can't answer; NULL: it is no
				 standby's */
	int64_t timeline;     /* of the standby, when it was prepared */
	int64_t lock_limit;   /* how long a statement waits for a lock, in microseconds */
	PGconn *connection;   /* NULL: there is none */
	bool cut;             /* something could not be sent: results would be taken for those of other statements */
	bool prepared;        /* the schema fits, the statements are prepared, the connection is in pipeline mode */
	bool unreplicated;    /* a COMMIT gave up waiting for a synchronous standby */
	bool is_silent;       /* the server did not answer in time */
	int64_t used_at;      /* when something came from the server last */
	unsigned suspicions;  /* of postgres, when the connection was known to be alive */
};

/* NULL where there is no memory. The keeper has to be stopped before the session is freed. */
MUST_CHECK struct pg_session *session_new(struct postgres *postgres, struct keeper *keeper);
void session_free(struct pg_session *session);

/* Makes sure that there is a connection that answers, as far as can be told; waits for one until the deadline. */
MUST_CHECK enum dm_status session_connect(struct pg_session *session, int64_t deadline, struct dm_error *error);

/* Gives up the connection: it has broken, or is in an unknown state. The keeper makes another.
 * May be called again before session_connect. */
void session_lost(struct pg_session *session);

/* A write was refused because the server may only be read. True: it is to be run again on another connection. False:
 * when this connection was made no host took writes, so there is none for now. */
MUST_CHECK bool session_may_move(const struct pg_session *session);

/* Completes the operation later: when the server has the lane's next batch, so that it works meanwhile; or when there
 * is none. For the lane that parks. */
void session_complete_later(struct pg_session *session, struct dm_operation *operation);

/* Completes these operations. The session does so itself before it waits for the server. */
void session_complete_done(struct pg_session *session);

/* Puts a statement into the pipeline. Where that fails the session is cut: nothing more is sent, and session_result
 * fails. False: the session is cut. */
bool session_send(struct pg_session *session, enum pg_statement statement, const struct parameters *parameters);

/* Ends what was sent: an error in it skips all up to here. Where this can't be sent the session is cut. */
void session_sync(struct pg_session *session);

/* Waits until the deadline for the next result, which the caller clears by PQclear. *result is NULL behind the last one
 * of a statement. False: the connection is of no use any more; call session_lost. */
MUST_CHECK bool session_result(struct pg_session *session, int64_t deadline, PGresult **result, struct dm_error *error);

/* Discards all results up to the next sync, and gives the first failure among them. */
MUST_CHECK enum dm_status session_drain(struct pg_session *session, int64_t deadline, struct dm_error *error);

bool result_is_error(const PGresult *result);

/* Runs one statement with its parameters, or with `parameters` NULL any number of statements, outside of pipeline mode:
 * before a session is prepared. *result is the caller's to clear; `result` may be NULL. */
MUST_CHECK enum dm_status session_execute(struct pg_session *session, const char *sql,
					  const struct parameters *parameters, int64_t deadline, PGresult **result,
					  struct dm_error *error);

/* Collects the result of a statement that was sent by PQsendQuery(); otherwise like session_execute. */
MUST_CHECK enum dm_status session_finish_execute(struct pg_session *session, int64_t deadline, PGresult **result,
						 struct dm_error *error);

/* Waits for that result until `until`, and says whether it has arrived. */
MUST_CHECK bool session_has_result(struct pg_session *session, int64_t until);

#define NO_DEADLINE INT64_MAX

#endif
