/* SPDX-License-Identifier: MIT */
/* session.c - one connection to the database, in pipeline mode. */
#include "session.h"

#include "clock.h"
#include "keeper.h"
#include "migrate.h"
#include "nouns.h"

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* So many connections in a row may end while they are made ready, before the answer is that there is none. */
#define ATTEMPTS_MOST 3

/* How long one stays on a server that may only be read, in microseconds, before another is looked for. */
#define READ_ONLY_PERIOD 5000000

const struct statement_text pg_session_statements[] = {
	/* Whatever the database's default is. That it may only be read is no default to overrule: a server is frozen so
	 * where another has taken its place, or its disk is full. */
	{BEGIN_WRITE, "BEGIN ISOLATION LEVEL READ COMMITTED"},
	{COMMIT, "COMMIT"},
	{ROLLBACK, "ROLLBACK"},
	/* Until the transaction ends: behind a pooler the connection's own settings are somebody else's too. */
	{USERS_FREE, "SELECT {u.id} FROM {users} u WHERE {u.id} = ANY ($1::bigint[]) FOR KEY SHARE SKIP LOCKED"},
	{SET_LIMITS, "SELECT set_config('statement_timeout', $1::bigint::text, true),"
		     " set_config('lock_timeout', $2::bigint::text, true)"},
	{0},
};

struct session *session_new(struct postgres *postgres)
{
	struct session *session = calloc(1, sizeof(*session));

	if (!session)
		return NULL;
	session->postgres = postgres;
	session->lock_limit = postgres->limits.lock;
	keeper_add(&postgres->keeper, session);
	return session;
}

void session_free(struct session *session)
{
	PQfinish(session->connection);
	free(session);
}

void session_lost(struct session *session)
{
	PQfinish(session->connection);
	if (session->is_silent)
		atomic_fetch_add(&session->postgres->suspicions, 1);
	session->is_silent = false;
	session->is_up = false;
	session->prepared = false;
	session->cut = false;
	keeper_reconnect(&session->postgres->keeper, session);
}

/* ---- sending and receiving ----------------------------------------------------------------------------------- */

bool session_send(struct session *session, enum statement statement, const struct parameters *parameters)
{
	static const struct parameters none = {.count = 0};
	const struct parameters *p = parameters ? parameters : &none;
	const struct postgres *postgres = session->postgres;

	if (session->cut)
		return false;
	if (postgres->only_when_asked[statement])
		session->cut = !PQsendQueryParams(session->connection, postgres->texts[statement], p->count, NULL,
						  p->values, p->lengths, p->formats, 1);
	else
		session->cut = !PQsendQueryPrepared(session->connection, postgres->names[statement], p->count,
						    p->values, p->lengths, p->formats, 1);
	return !session->cut;
}

void session_sync(struct session *session)
{
	session->cut = session->cut || !PQpipelineSync(session->connection);
}

/* Milliseconds until the deadline, rounded up; -1: for ever. */
static int left_until(int64_t deadline)
{
	int64_t left;

	if (deadline == NO_DEADLINE)
		return -1;
	left = deadline - clock_monotonic();
	return left > 0 ? (int)((left + 999) / 1000) : 0;
}

/* Sends what is to be sent and takes what has come. False where the connection has broken or the time is over. */
static bool move(struct session *session, int64_t deadline, struct dm_error *error)
{
	int unsent = PQflush(session->connection), count;
	struct pollfd watched = {.fd = PQsocket(session->connection), .events = POLLIN};

	if (unsent < 0 || PQstatus(session->connection) == CONNECTION_BAD) {
		postgres_connection_failure(session->connection, error);
		return false;
	}
	if (unsent > 0)
		watched.events |= POLLOUT;
	count = poll(&watched, 1, left_until(deadline));
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

bool session_result(struct session *session, int64_t deadline, PGresult **result, struct dm_error *error)
{
	if (session->cut) {
		fail(error, DM_UNAVAILABLE,
		     "the connection to the database was given up (out of memory?); try again later");
		return false;
	}
	while (PQisBusy(session->connection))
		if (!move(session, deadline, error))
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

bool session_has_result(struct session *session, int64_t until)
{
	struct dm_error ignored = {0};

	while (PQisBusy(session->connection))
		if (!move(session, until, &ignored))
			return PQstatus(session->connection) == CONNECTION_BAD; /* session_result will tell */
	return true;
}

enum dm_status session_finish_execute(struct session *session, int64_t deadline, PGresult **result,
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

enum dm_status session_execute(struct session *session, const char *sql, const struct parameters *parameters,
			       int64_t deadline, PGresult **result, struct dm_error *error)
{
	const struct parameters *p = parameters;

	if (!(p ? PQsendQueryParams(session->connection, sql, p->count, NULL, p->values, p->lengths, p->formats, 1)
		: PQsendQuery(session->connection, sql)))
		return postgres_connection_failure(session->connection, error);
	return session_finish_execute(session, deadline, result, error);
}

enum dm_status session_drain(struct session *session, int64_t deadline, struct dm_error *error)
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

/* ---- ready for work ------------------------------------------------------------------------------------------ */

bool session_elsewhere(const struct session *session)
{
	return !session->is_read_only;
}

/* Whether another host may serve it better: the others have moved to one, or this one could only be read. */
static bool is_out_of_place(const struct session *session)
{
	return session->moves != atomic_load(&session->postgres->moves) ||
	       (session->is_read_only && clock_monotonic() - session->connected_at > READ_ONLY_PERIOD);
}

/* What the server has sent unasked for tells that it has ended; a connection that was idle for long may have been cut
 * without a word, and where another got no answer this one may get none either: it is asked for a sign of life. */
static bool is_alive(struct session *session, int64_t deadline)
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
	session->is_silent = false; /* that is known already */
	return good;
}

/* A COMMIT that is cancelled while it waits for a synchronous standby is done on the primary alone, and says so by a
 * warning. The warning's text depends on the server's language, the function that it comes from does not. */
static void take_notice(void *context, const PGresult *notice)
{
	struct session *session = context;
	const char *function = PQresultErrorField(notice, PG_DIAG_SOURCE_FUNCTION);

	session->unreplicated = session->unreplicated || (function && strcmp(function, "SyncRepWaitForLSN") == 0);
}

/* The connection's own limit is that of reads. Behind a pooler each transaction sets its own. */
static enum dm_status set_lock_limit(struct session *session, int64_t deadline, struct dm_error *error)
{
	char sql[64];

	if (session->lock_limit == session->postgres->limits.lock || session->postgres->options.unprepared)
		return DM_OK;
	snprintf(sql, sizeof(sql), "SET lock_timeout = %lld", (long long)(session->lock_limit / 1000));
	return session_execute(session, sql, NULL, deadline, NULL, error);
}

static enum dm_status prepare(struct session *session, int64_t deadline, struct dm_error *error)
{
	const struct postgres *postgres = session->postgres;
	enum dm_status status = pg_schema_check(session, deadline, error);

	if (status == DM_OK)
		status = pg_event_log_adopt(session, deadline, error);
	if (status == DM_OK)
		status = set_lock_limit(session, deadline, error);
	if (status != DM_OK)
		return status;
	if (!PQenterPipelineMode(session->connection))
		return postgres_connection_failure(session->connection, error);
	PQsetNoticeReceiver(session->connection, take_notice, session);
	for (size_t i = 0; i < TEXT_COUNT; i++)
		if (postgres->texts[i] && !postgres->only_when_asked[i])
			session->cut = session->cut || !PQsendPrepare(session->connection, postgres->names[i],
								      postgres->texts[i], 0, NULL);
	session_sync(session);
	return session_drain(session, deadline, error);
}

/* A connection that answers, as far as that can be told. */
static enum dm_status be_connected(struct session *session, int64_t deadline, struct dm_error *error)
{
	enum dm_status status = DM_OK;

	if (session->is_up && (is_out_of_place(session) || !is_alive(session, deadline)))
		session_lost(session);
	if (!session->is_up)
		status = keeper_connect(&session->postgres->keeper, session, deadline, error);
	session->is_up = status == DM_OK;
	return status;
}

/* One attempt; *lost where there was a connection, which ended over it. */
static enum dm_status become_ready(struct session *session, int64_t deadline, bool *lost, struct dm_error *error)
{
	enum dm_status status = be_connected(session, deadline, error);

	*lost = false;
	if (status != DM_OK || session->prepared)
		return status;
	status = prepare(session, deadline, error);
	session->prepared = status == DM_OK;
	session->used_at = clock_monotonic();
	/* Where the schema is not as it should be the connection is good, and asked again next time. */
	if (status != DM_OK && (status != DM_SCHEMA || PQpipelineStatus(session->connection) != PQ_PIPELINE_OFF)) {
		*lost = PQstatus(session->connection) == CONNECTION_BAD;
		session_lost(session);
	}
	return status;
}

enum dm_status session_ready(struct session *session, int64_t deadline, struct dm_error *error)
{
	enum dm_status status;
	bool lost = true;

	for (int attempt = 0; lost && attempt < ATTEMPTS_MOST; attempt++) {
		struct dm_error own = {0};

		status = become_ready(session, deadline, &lost, &own);
		if (status != DM_OK && (!lost || attempt == ATTEMPTS_MOST - 1))
			*error = own;
	}
	return status;
}

enum dm_status session_check_schema(struct session *session, int64_t deadline, struct dm_error *error)
{
	enum dm_status status = be_connected(session, deadline, error);

	if (status != DM_OK)
		return status;
	status = pg_schema_still_fits(session, deadline, error);
	if (status != DM_OK && status != DM_SCHEMA)
		session_lost(session);
	return status;
}
