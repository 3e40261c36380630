/* SPDX-License-Identifier: MIT */
/* ticket.c - tickets: each can be redeemed once, for a short time, in place of a token. Times are in microseconds. */
#include "nouns.h"

#include "clock.h"
#include "failure.h"
#include "random.h"

#include <string.h>

/* Each new ticket deletes at most so many expired ones, so that no request pays for many. */
#define MAX_EXPIRED "10"

#define TICKETS "directmessages_ticket"
#define LIFETIME (DM_TICKET_SECONDS * INT64_C(1000000))
/* No ticket expires later than that from now, even where the clocks of two servers differ by LIFETIME. */
#define MAX_AHEAD (2 * LIFETIME)

const struct sqlite_statement_text ticket_statements[] = {
	{TICKET_CREATE, "INSERT INTO " TICKETS " (ticket, key, expires_at) VALUES (?1, ?2, ?3)"},
	/* A ticket that expires later than MAX_AHEAD was made before the clock was set back, and does not count. */
	{TICKET_EXISTS, "SELECT 1 FROM " TICKETS " WHERE ticket = ?1 AND expires_at > ?2 AND expires_at <= ?3"},
	{TICKET_REDEEM,
	 "DELETE FROM " TICKETS " WHERE ticket = ?1 AND expires_at > ?2 AND expires_at <= ?3 RETURNING key"},
	{TICKETS_EXPIRE, "DELETE FROM " TICKETS " WHERE ticket IN (SELECT ticket FROM (SELECT ticket FROM " TICKETS
			 " WHERE expires_at <= ?1 ORDER BY expires_at LIMIT " MAX_EXPIRED ") UNION ALL"
			 " SELECT ticket FROM (SELECT ticket FROM " TICKETS
			 " WHERE expires_at > ?2 ORDER BY expires_at LIMIT " MAX_EXPIRED "))"},
	{TICKETS_LIMIT, "DELETE FROM " TICKETS " WHERE ticket IN (SELECT ticket FROM " TICKETS
			" WHERE key = ?1 ORDER BY expires_at > ?3, expires_at DESC LIMIT -1 OFFSET ?2)"},
	{0},
};

/* Makes room for another ticket of the token: deletes some expired ones, and the oldest where the token has many. */
static enum dm_status make_room(struct sqlite_session *session, int64_t now, struct dm_operation *operation)
{
	sqlite3_stmt *expire = session->statements[TICKETS_EXPIRE];
	sqlite3_stmt *limit = session->statements[TICKETS_LIMIT];
	enum dm_status status;

	sqlite3_bind_int64(expire, 1, now);
	sqlite3_bind_int64(expire, 2, now + MAX_AHEAD);
	status = session_step_done(session, expire, &operation->error);
	if (status != DM_OK)
		return status;
	bind_text(limit, 1, operation->ticket_create.key);
	sqlite3_bind_int64(limit, 2, DM_MAX_TICKETS - 1);
	sqlite3_bind_int64(limit, 3, now + MAX_AHEAD);
	return session_step_done(session, limit, &operation->error);
}

enum dm_status ticket_create(struct sqlite_session *session, struct dm_operation *operation)
{
	sqlite3_stmt *statement = session->statements[TICKET_CREATE];
	int64_t now = clock_now();
	enum dm_status status = make_room(session, now, operation);

	if (status != DM_OK)
		return status;
	if (!random_hex(operation->ticket_create.ticket, DM_TOKEN_LENGTH))
		return fail(&operation->error, DM_UNAVAILABLE,
			    "the system has no random numbers to give; try again later");
	bind_text(statement, 1, (struct dm_text){operation->ticket_create.ticket, DM_TOKEN_LENGTH});
	bind_text(statement, 2, operation->ticket_create.key);
	sqlite3_bind_int64(statement, 3, now + LIFETIME);
	return session_step_done(session, statement, &operation->error);
}

static void bind_ticket(sqlite3_stmt *statement, const struct dm_operation *operation)
{
	int64_t now = clock_now();

	bind_text(statement, 1, operation->ticket_redeem.ticket);
	sqlite3_bind_int64(statement, 2, now);
	sqlite3_bind_int64(statement, 3, now + MAX_AHEAD);
}

static enum dm_status refuse(struct dm_operation *operation)
{
	return fail(&operation->error, DM_NOT_FOUND, "there is no such ticket, or not any more");
}

enum dm_status ticket_exists(struct sqlite_session *session, struct dm_operation *operation, bool *has)
{
	sqlite3_stmt *statement = session->statements[TICKET_EXISTS];
	int code;

	bind_ticket(statement, operation);
	code = sqlite3_step(statement);
	*has = code == SQLITE_ROW;
	if (session_finish(session, statement, code, &operation->error) != DM_OK)
		return operation->error.status;
	return *has ? DM_OK : refuse(operation);
}

enum dm_status ticket_redeem(struct sqlite_session *session, struct dm_operation *operation)
{
	sqlite3_stmt *statement = session->statements[TICKET_REDEEM];
	int code;

	memset(operation->ticket_redeem.key, 0, sizeof(operation->ticket_redeem.key));
	bind_ticket(statement, operation);
	code = sqlite3_step(statement);
	if (code == SQLITE_ROW) {
		struct dm_text key = column_text(statement, 0);

		if (key.length <= DM_TOKEN_LENGTH)
			memcpy(operation->ticket_redeem.key, key.data, key.length);
	}
	if (session_finish(session, statement, code, &operation->error) != DM_OK)
		return operation->error.status;
	if (code == SQLITE_DONE)
		return refuse(operation);
	return DM_OK;
}
