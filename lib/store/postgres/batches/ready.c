/* SPDX-License-Identifier: MIT */
/* ready.c - makes a session ready for batches: connected, its schema checked, its statements prepared. */
#include "ready.h"

#include "clock.h"
#include "failure.h"
#include "failure_postgres.h"
#include "migrate.h"
#include "nouns.h"
#include "written.h"

#include <stdio.h>
#include <string.h>

/* How many connections in a row may be lost while they are prepared before there is none for now. */
#define MAX_ATTEMPTS 3

/* A COMMIT that is cancelled while it waits for a synchronous standby is done on the primary alone, and sends a
 * warning. The warning's text depends on the server's language; the function that it comes from does not. */
static void on_notice(void *context, const PGresult *notice)
{
	struct pg_session *session = context;
	const char *function = PQresultErrorField(notice, PG_DIAG_SOURCE_FUNCTION);

	session->unreplicated = session->unreplicated || (function && strcmp(function, "SyncRepWaitForLSN") == 0);
}

/* Sets the lock timeout of a writer; a connection begins with that of reads. Behind a pooler each transaction sets it.
 * Comes last: preparing, too, waits for a table that is held, and can't be parked. */
static bool send_lock_limit(const struct pg_session *session)
{
	char sql[64];

	if (session->lock_limit == session->postgres->limits.lock || session->postgres->options.unprepared)
		return true;
	snprintf(sql, sizeof(sql), "SET lock_timeout = %lld", (long long)(session->lock_limit / 1000));
	return PQsendQueryParams(session->connection, sql, 0, NULL, NULL, NULL, NULL, 0);
}

static enum dm_status prepare(struct pg_session *session, int64_t deadline, struct dm_error *error)
{
	const struct statements *statements = &session->postgres->statements;
	enum dm_status status = pg_schema_check(session, deadline, error);

	if (status == DM_OK && !session->postgres->is_standby)
		status = pg_event_log_adopt(session, deadline, error);
	if (status == DM_OK)
		status = written_ask_timeline(session, deadline, error);
	if (status != DM_OK)
		return status;
	if (!PQenterPipelineMode(session->connection))
		return postgres_connection_failure(session->connection, error);
	PQsetNoticeReceiver(session->connection, on_notice, session);
	for (size_t i = 0; i < TEXT_COUNT; i++)
		if (statements->texts[i] && !statements->is_unprepared[i])
			session->cut = session->cut || !PQsendPrepare(session->connection, statements->names[i],
								      statements->texts[i], 0, NULL);
	session->cut = session->cut || !send_lock_limit(session);
	session_sync(session);
	return session_drain(session, deadline, error);
}

/* Makes one attempt. *lost: the attempt has failed because its connection broke. */
static enum dm_status become_ready(struct pg_session *session, int64_t deadline, bool *lost, struct dm_error *error)
{
	enum dm_status status = session_connect(session, deadline, error);

	*lost = false;
	if (status != DM_OK || session->prepared)
		return status;
	status = prepare(session, deadline, error);
	session->prepared = status == DM_OK;
	session->used_at = clock_monotonic();
	/* If only the schema does not fit the connection is kept, and checked again next time. */
	if (status != DM_OK && (status != DM_SCHEMA || PQpipelineStatus(session->connection) != PQ_PIPELINE_OFF)) {
		*lost = PQstatus(session->connection) == CONNECTION_BAD;
		session_lost(session);
	}
	return status;
}

enum dm_status pg_session_ready(struct pg_session *session, int64_t deadline, struct dm_error *error)
{
	enum dm_status status = DM_OK;
	bool lost = true;

	for (int attempt = 0; lost && attempt < MAX_ATTEMPTS; attempt++) {
		struct dm_error own = {0};

		status = become_ready(session, deadline, &lost, &own);
		if (status != DM_OK && (!lost || attempt == MAX_ATTEMPTS - 1))
			*error = own;
	}
	return status;
}

/* Whether the database takes writes now: a server may be promoted, or fenced, while the connection lasts. *may_move:
 * another host may take them. */
static enum dm_status check_writable(struct pg_session *session, int64_t deadline, bool *may_move,
				     struct dm_error *error)
{
	PGresult *result = NULL;
	enum dm_status status = session_execute(session, "SHOW transaction_read_only", NULL, deadline, &result, error);
	bool is_read_only = status == DM_OK && strcmp(PQgetvalue(result, 0, 0), "on") == 0;

	PQclear(result);
	*may_move = !is_read_only || session_may_move(session);
	if (!is_read_only)
		return status;
	return fail(
		error, DM_UNAVAILABLE,
		"the database may only be read: it is a standby, or default_transaction_read_only is on; make it take "
		"writes, or put a host that does into the URL");
}

enum dm_status pg_session_check_schema(struct pg_session *session, int64_t deadline, struct dm_error *error)
{
	bool may_move = true;
	enum dm_status status = session_connect(session, deadline, error);

	if (status != DM_OK)
		return status;
	status = pg_schema_still_fits(session, deadline, error);
	if (status == DM_OK)
		status = check_writable(session, deadline, &may_move, error);
	if (status != DM_OK && status != DM_SCHEMA && may_move)
		session_lost(session);
	return status;
}
