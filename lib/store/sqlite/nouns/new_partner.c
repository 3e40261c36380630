/* SPDX-License-Identifier: MIT */
/* new_partner.c - conversations that a user has started lately. */
#include "nouns.h"

#include "clock.h"
#include "send_refusal.h"

/* Whether one has sent something to the other. The two indexes hold all messages between them. */
#define HAS_SENT(sender, recipient) \
	"EXISTS (SELECT 1 FROM directmessages_message INDEXED BY directmessages_sent WHERE sender_id = " sender \
	" AND recipient_id = " recipient " AND hidden_for_sender IS NULL)" \
	" OR EXISTS (SELECT 1 FROM directmessages_message INDEXED BY directmessages_sent_hidden WHERE sender_id = " sender \
	" AND recipient_id = " recipient " AND hidden_for_sender IS NOT NULL)"

const struct sqlite_statement_text new_partner_statements[] = {
	{PARTNER_IS_KNOWN, "SELECT " HAS_SENT("?1", "?2") " OR " HAS_SENT("?2", "?1")},
	{PARTNERS_LIMIT, "SELECT started_at FROM directmessages_new_partner WHERE user_id = ?1 AND started_at > ?2"
			 " ORDER BY started_at DESC LIMIT 1 OFFSET ?3"},
	{PARTNERS_COUNT, "SELECT count(*), min(started_at) FROM directmessages_new_partner WHERE user_id = ?1"
			 " AND started_at > ?2"},
	{PARTNERS_EXPIRE, "DELETE FROM directmessages_new_partner WHERE user_id = ?1 AND started_at <= ?2"},
	{PARTNER_PUT, "INSERT OR REPLACE INTO directmessages_new_partner (user_id, partner_id, started_at)"
		      " VALUES (?1, ?2, ?3)"},
	{0},
};

/* Says how many the user may start behind this one, and when one more. */
static enum dm_status count_left(struct sqlite_session *session, struct dm_operation *operation, int64_t now)
{
	sqlite3_stmt *statement = session->statements[PARTNERS_COUNT];
	int64_t count = 0, oldest = now;
	int code;

	sqlite3_bind_int64(statement, 1, operation->send.sender_id);
	sqlite3_bind_int64(statement, 2, now - operation->send.internal.partners_period);
	code = sqlite3_step(statement);
	if (code == SQLITE_ROW)
		count = sqlite3_column_int64(statement, 0);
	if (count > 0)
		oldest = sqlite3_column_int64(statement, 1);
	operation->send.partners_left = operation->send.internal.partners_max - count - 1;
	operation->send.available_in = partners_wait(&operation->send, oldest, now);
	return session_finish(session, statement, code, &operation->error);
}

/* Whether the user may start one more, and what is said of that. */
static enum dm_status check_limit(struct sqlite_session *session, struct dm_operation *operation, bool *is_allowed)
{
	sqlite3_stmt *statement = session->statements[PARTNERS_LIMIT];
	int64_t now = clock_now(), max = operation->send.internal.partners_max;
	enum dm_status status;
	int code;

	*is_allowed = max > 0;
	operation->send.available_in = partners_wait(&operation->send, now, now);
	if (max == 0)
		return DM_OK;
	sqlite3_bind_int64(statement, 1, operation->send.sender_id);
	sqlite3_bind_int64(statement, 2, now - operation->send.internal.partners_period);
	sqlite3_bind_int64(statement, 3, max - 1);
	code = sqlite3_step(statement);
	*is_allowed = code != SQLITE_ROW;
	if (code == SQLITE_ROW)
		operation->send.available_in = partners_wait(&operation->send, sqlite3_column_int64(statement, 0), now);
	status = session_finish(session, statement, code, &operation->error);
	return status == DM_OK && *is_allowed ? count_left(session, operation, now) : status;
}

enum dm_status partner_check(struct sqlite_session *session, struct dm_operation *operation, bool *is_new,
			     bool *is_allowed)
{
	sqlite3_stmt *statement = session->statements[PARTNER_IS_KNOWN];
	enum dm_status status;
	int code;

	sqlite3_bind_int64(statement, 1, operation->send.sender_id);
	sqlite3_bind_int64(statement, 2, operation->send.recipient_id);
	code = sqlite3_step(statement);
	*is_new = code == SQLITE_ROW && sqlite3_column_int(statement, 0) == 0;
	*is_allowed = true;
	status = session_finish(session, statement, code, &operation->error);
	return status == DM_OK && *is_new ? check_limit(session, operation, is_allowed) : status;
}

enum dm_status partner_put(struct sqlite_session *session, struct dm_operation *operation)
{
	sqlite3_stmt *expire = session->statements[PARTNERS_EXPIRE], *put = session->statements[PARTNER_PUT];
	int64_t now = clock_now();
	enum dm_status status;

	sqlite3_bind_int64(expire, 1, operation->send.sender_id);
	sqlite3_bind_int64(expire, 2, now - operation->send.internal.partners_period);
	status = session_step_done(session, expire, &operation->error);
	if (status != DM_OK)
		return status;
	sqlite3_bind_int64(put, 1, operation->send.sender_id);
	sqlite3_bind_int64(put, 2, operation->send.recipient_id);
	sqlite3_bind_int64(put, 3, now);
	return session_step_done(session, put, &operation->error);
}
