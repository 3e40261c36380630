/* SPDX-License-Identifier: MIT */
/* session.c - one connection to the database, in pipeline mode. */
#include "session.h"

#include "clock.h"
#include "failure.h"
#include "failure_postgres.h"
#include "lane.h"

#include <poll.h>
#include <stdlib.h>

/* After so many microseconds on a server that may only be read a session looks for another. */
#define READ_ONLY_PERIOD 5000000

struct pg_session *session_new(struct postgres *postgres, struct keeper *keeper)
{
	struct pg_session *session = calloc(1, sizeof(*session));

	if (!session)
		return NULL;
	session->postgres = postgres;
	session->keeper = keeper;
	session->lock_limit = postgres->limits.lock;
	session->last_done = &session->done;
	keeper_add(keeper, &session->link);
	return session;
}

void session_free(struct pg_session *session)
{
	PQfinish(session->link.connected.connection);
	free(session);
}

void session_lost(struct pg_session *session)
{
	if (session->is_silent)
		atomic_fetch_add(&session->postgres->suspicions, 1);
	session->is_silent = false;
	session->prepared = false;
	session->cut = false;
	if (session->postgres->is_standby)
		freshness_pause(session->postgres->freshness, clock_monotonic());
	if (!session->connection) /* lost before: the keeper may have made another by now */
		return;
	PQfinish(session->connection);
	session->connection = NULL;
	keeper_reconnect(session->keeper, &session->link);
}

/* ---- what is committed --------------------------------------------------------------------------------------- */

void session_complete_later(struct pg_session *session, struct dm_operation *operation)
{
	operation->internal.next = NULL;
	*session->last_done = operation;
	session->last_done = &operation->internal.next;
}

void session_complete_done(struct pg_session *session)
{
	struct dm_operation *next = session->done;

	session->done = NULL;
	session->last_done = &session->done;
	while (next) {
		struct dm_operation *operation = next; /* it may be gone when it is completed */

		next = operation->internal.next;
		lane_complete(&session->postgres->options, operation);
	}
}

/* ---- sending and receiving ----------------------------------------------------------------------------------- */

bool session_send(struct pg_session *session, enum pg_statement statement, const struct parameters *parameters)
{
	static const struct parameters none = {.count = 0};
	const struct parameters *p = parameters ? parameters : &none;
	const struct statements *statements = &session->postgres->statements;

	if (session->cut)
		return false;
	if (statements->is_unprepared[statement])
		session->cut = !PQsendQueryParams(session->connection, statements->texts[statement], p->count, NULL,
						  p->values, p->lengths, p->formats, 1);
	else
		session->cut = !PQsendQueryPrepared(session->connection, statements->names[statement], p->count,
						    p->values, p->lengths, p->formats, 1);
	return !session->cut;
}

void session_sync(struct pg_session *session)
{
	session->cut = session->cut || !PQpipelineSync(session->connection);
}

/* Milliseconds until the deadline, rounded up; -1: no deadline. */
static int timeout_ms(int64_t deadline)
{
	int64_t left;

	if (deadline == NO_DEADLINE)
		return -1;
	left = deadline - clock_monotonic();
	return left > 0 ? (int)((left + 999) / 1000) : 0;
}

/* Waits until bytes can be sent or received, and does so. False: the connection has broken, or the deadline has passed.
 */
static bool exchange_bytes(struct pg_session *session, int64_t deadline, struct dm_error *error)
{
	int unsent = PQflush(session->connection), count;
	struct pollfd watched = {.fd = PQsocket(session->connection), .events = POLLIN};

	if (unsent < 0 || PQstatus(session->connection) == CONNECTION_BAD) {
		postgres_connection_failure(session->connection, error);
		return false;
	}
	if (unsent > 0)
		watched.events |= POLLOUT;
	session_complete_done(session);
	count = poll(&watched, 1, timeout_ms(deadline));
	if (count == 0) {
		session->is_silent = true;
		fail(error, DM_UNAVAILABLE, "the database does not answer in time; check that its server runs");
		return false;
	}
	if (count > 0 && (watched.revents & ~POLLOUT) && !PQconsumeInput(session->connection)) {
		postgres_connection_failure(session->connection, error);
		return false;
	}
	if (watched.revents & POLLIN)
		session->used_at = clock_monotonic();
	return true;
}

bool session_result(struct pg_session *session, int64_t deadline, PGresult **result, struct dm_error *error)
{
	if (session->cut) {
		fail(error, DM_UNAVAILABLE,
		     "the connection to the database was given up, probably for lack of memory; try again later");
		return false;
	}
	while (PQisBusy(session->connection))
		if (!exchange_bytes(session, deadline, error))
			return false;
	*result = PQgetResult(session->connection);
	if (PQstatus(session->connection) == CONNECTION_BAD) {
		postgres_failure(*result, error);
		PQclear(*result);
		*result = NULL;
		return false;
	}
	return true;
}

bool result_is_error(const PGresult *result)
{
	ExecStatusType status = PQresultStatus(result);

	return status == PGRES_FATAL_ERROR || status == PGRES_BAD_RESPONSE;
}

bool session_has_result(struct pg_session *session, int64_t until)
{
	struct dm_error ignored = {0};

	while (PQisBusy(session->connection))
		if (!exchange_bytes(session, until, &ignored))
			return PQstatus(session->connection) == CONNECTION_BAD; /* which session_result will report */
	return true;
}

enum dm_status session_finish_execute(struct pg_session *session, int64_t deadline, PGresult **result,
				      struct dm_error *error)
{
	enum dm_status status = DM_OK;
	PGresult *one, *kept = NULL;

	do {
		if (!session_result(session, deadline, &one, error)) {
			PQclear(kept);
			return error->status;
		}
		if (one && result_is_error(one))
			status = postgres_failure(one, error);
		if (one) {
			PQclear(kept);
			kept = one;
		}
	} while (one);
	if (result && status == DM_OK)
		*result = kept;
	else
		PQclear(kept);
	return status;
}

enum dm_status session_execute(struct pg_session *session, const char *sql, const struct parameters *parameters,
			       int64_t deadline, PGresult **result, struct dm_error *error)
{
	const struct parameters *p = parameters;

	if (!(p ? PQsendQueryParams(session->connection, sql, p->count, NULL, p->values, p->lengths, p->formats, 1)
		: PQsendQuery(session->connection, sql)))
		return postgres_connection_failure(session->connection, error);
	return session_finish_execute(session, deadline, result, error);
}

enum dm_status session_drain(struct pg_session *session, int64_t deadline, struct dm_error *error)
{
	ExecStatusType kind = PGRES_EMPTY_QUERY;
	enum dm_status status = DM_OK;
	PGresult *result;

	while (kind != PGRES_PIPELINE_SYNC) {
		if (!session_result(session, deadline, &result, error))
			return error->status;
		kind = result ? PQresultStatus(result) : PGRES_EMPTY_QUERY;
		if (result && result_is_error(result) && status == DM_OK)
			status = postgres_failure(result, error);
		PQclear(result);
	}
	return status;
}

/* ---- whether there is a connection --------------------------------------------------------------------------- */

bool session_may_move(const struct pg_session *session)
{
	return !session->link.connected.is_read_only;
}

/* Whether another host may serve the session better: the others have moved to one, or this one could only be read. */
static bool is_out_of_place(const struct pg_session *session)
{
	return session->link.connected.moves != atomic_load(&session->postgres->moves) ||
	       (session->link.connected.is_read_only &&
		clock_monotonic() - session->link.connected_at > READ_ONLY_PERIOD);
}

/* Whether the connection still works. What the server has sent unasked says that it has ended. A connection that was
 * idle for long may have been cut silently, and where another got no answer this one may get none either: then the
 * server is asked for a sign of life. */
static bool is_alive(struct pg_session *session, int64_t deadline)
{
	struct pollfd watched = {.fd = PQsocket(session->connection), .events = POLLIN};
	int64_t now = clock_monotonic(), until = now + session->postgres->limits.queue;
	unsigned suspicions = atomic_load(&session->postgres->suspicions);
	bool good;
	struct dm_error ignored = {0};

	while (poll(&watched, 1, 0) > 0)
		if (!PQconsumeInput(session->connection) || PQisBusy(session->connection))
			return false;
	if (!session->prepared ||
	    (now - session->used_at < session->postgres->options.busy_timeout_ms * INT64_C(1000) &&
	     session->suspicions == suspicions))
		return true;
	session_sync(session);
	good = session_drain(session, until < deadline ? until : deadline, &ignored) == DM_OK;
	session->suspicions = suspicions;
	session->is_silent = false; /* suspicions count it already */
	return good;
}

enum dm_status session_connect(struct pg_session *session, int64_t deadline, struct dm_error *error)
{
	enum dm_status status;

	if (session->connection && (is_out_of_place(session) || !is_alive(session, deadline)))
		session_lost(session);
	if (session->connection)
		return DM_OK;
	session_complete_done(session);
	/* Nobody waits for a standby: the primary answers. */
	status = keeper_connect(session->keeper, &session->link, session->postgres->is_standby ? 0 : deadline, error);
	if (status != DM_OK)
		return status;
	session->connection = session->link.connected.connection;
	session->used_at = session->link.connected_at;
	session->suspicions = session->link.suspicions;
	return DM_OK;
}
