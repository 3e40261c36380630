/* SPDX-License-Identifier: MIT */
/* ticket.c - tickets, each of which stands for a token once, for a short time. Times are in microseconds. */
#include "nouns.h"

#include "clock.h"
#include "random.h"

#include <string.h>

const struct statement_text ticket_statements[] = {
	{TICKET_CREATE, "INSERT INTO directmessages_ticket (ticket, key, expires_at) VALUES (?1, ?2, ?3)"},
	{TICKET_TAKE, "DELETE FROM directmessages_ticket WHERE ticket = ?1 AND expires_at > ?2 RETURNING key"},
	/* Without an index: only those of the last seconds are there. */
	{TICKETS_EXPIRE, "DELETE FROM directmessages_ticket WHERE expires_at <= ?1"},
};
const size_t ticket_statements_count = ARRAY_LENGTH(ticket_statements);

static enum dm_status expire(struct session *session, int64_t now, struct dm_error *error)
{
	sqlite3_stmt *statement = session->statements[TICKETS_EXPIRE];

	sqlite3_bind_int64(statement, 1, now);
	return session_step_done(session, statement, error);
}

enum dm_status ticket_create(struct session *session, struct dm_operation *operation)
{
	sqlite3_stmt *statement = session->statements[TICKET_CREATE];
	int64_t now = clock_now();
	enum dm_status status = expire(session, now, &operation->error);

	if (status != DM_OK)
		return status;
	if (!random_hex(operation->key, DM_TOKEN_LENGTH))
		return fail(&operation->error, DM_UNAVAILABLE, "the system gives no random numbers; try again later");
	bind_text(statement, 1, (struct dm_text){operation->key, DM_TOKEN_LENGTH});
	bind_text(statement, 2, operation->text);
	sqlite3_bind_int64(statement, 3, now + DM_TICKET_SECONDS * INT64_C(1000000));
	return session_step_done(session, statement, &operation->error);
}

enum dm_status ticket_take(struct session *session, struct dm_operation *operation)
{
	sqlite3_stmt *statement = session->statements[TICKET_TAKE];
	int code;

	memset(operation->key, 0, sizeof(operation->key));
	bind_text(statement, 1, operation->text);
	sqlite3_bind_int64(statement, 2, clock_now());
	code = sqlite3_step(statement);
	if (code == SQLITE_ROW) {
		struct dm_text key = column_text(statement, 0);

		if (key.length <= DM_TOKEN_LENGTH)
			memcpy(operation->key, key.data, key.length);
	}
	if (session_finish(session, statement, code, &operation->error) != DM_OK)
		return operation->error.status;
	if (code == SQLITE_DONE)
		return fail(&operation->error, DM_NOT_FOUND, "there is no such ticket, or not any more");
	return DM_OK;
}
