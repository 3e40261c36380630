/* SPDX-License-Identifier: MIT */
/* erasure.c - erases a user, a piece at a time.
 *
 * Every piece finds what is left to do: nothing is noted of how far an erasure came, so one that was killed is simply
 * begun again. */
#include "nouns.h"

#include "clock.h"
#include "erasure_phase.h"
#include "failure.h"
#include "lane.h"

#define TEXT_OF(number) #number
#define NUMBER(number) TEXT_OF(number)

#define ERASED_NAME "'erased-' || ?1"

const struct sqlite_statement_text erasure_statements[] = {
	{ERASE_NAME_IS_TAKEN, "SELECT 1 FROM {users} u WHERE {u.username} = " ERASED_NAME " AND {u.id} <> ?1"},
	/* A ticket of a JWT has "jwt <user> <expiry>" in place of a token's key, one that came through a proxy
	 * "proxy <user>": see server/auth/ticket.c. */
	{ERASE_USER_TICKETS,
	 "DELETE FROM directmessages_ticket"
	 " WHERE (key >= 'jwt ' || ?1 || ' ' AND key < 'jwt ' || ?1 || '!') OR key = 'proxy ' || ?1"},
	{ERASE_TICKETS,
	 "DELETE FROM directmessages_ticket WHERE key IN (SELECT key FROM authtoken_token WHERE user_id = ?1)"},
	{ERASE_TOKEN, "DELETE FROM authtoken_token WHERE user_id = ?1"},
	{ERASE_CLOSE, "UPDATE {users} AS u SET {close} WHERE {u.id} = ?1"},
	{ERASE_BLOCKS,
	 "DELETE FROM directmessages_block WHERE (user_id, blocked_id) IN (SELECT user_id, blocked_id"
	 " FROM directmessages_block WHERE user_id = ?1 OR blocked_id = ?1 LIMIT " NUMBER(ERASE_WALK) ")"},
	{ERASE_PARTNERS,
	 "DELETE FROM directmessages_new_partner WHERE rowid IN (SELECT rowid FROM directmessages_new_partner"
	 " WHERE user_id = ?1 OR partner_id = ?1 LIMIT " NUMBER(ERASE_WALK) ")"},
	{ERASE_SENT, "SELECT id, content, hidden_for_sender IS NOT NULL FROM directmessages_message"
		     " WHERE sender_id = ?1 AND id > ?2 ORDER BY id LIMIT ?3"},
	{ERASE_RECEIVED, "SELECT id, content, hidden_for_recipient IS NOT NULL FROM directmessages_message"
			 " WHERE recipient_id = ?1 AND id > ?2 ORDER BY id LIMIT ?3"},
	{ERASE_BLANK, "UPDATE directmessages_message SET content = '',"
		      " hidden_for_sender = coalesce(hidden_for_sender, ?2) WHERE id = ?1"},
	{ERASE_HIDE, "UPDATE directmessages_message SET hidden_for_recipient = ?2 WHERE id = ?1"},
	{ERASE_INBOX,
	 "DELETE FROM directmessages_inbox WHERE user_id = ?1 AND partner_id IN (SELECT partner_id"
	 " FROM directmessages_inbox WHERE user_id = ?1 ORDER BY partner_id LIMIT " NUMBER(ERASE_WALK) ")"},
	{ERASE_USER, "UPDATE {users} AS u SET {erase} WHERE {u.id} = ?1"},
	{0},
};

/* What goes at once, before the messages: each a statement with the user as ?1. Data that a new table holds about a
 * user is a row here; if it may be much, it is a phase. */
static const enum sqlite_statement at_once[] = {ERASE_USER_TICKETS, ERASE_TICKETS, ERASE_TOKEN};

enum dm_status delete_securely(struct sqlite_session *session, struct dm_error *error)
{
	int code = sqlite3_exec(session->db, "PRAGMA secure_delete = ON", NULL, NULL, NULL);

	return code == SQLITE_OK ? DM_OK : session_failure(session, code, error);
}

/* Runs a statement with the user as ?1. */
static enum dm_status run_for(struct sqlite_session *session, enum sqlite_statement which, int64_t user_id,
			      struct dm_error *error)
{
	sqlite3_bind_int64(session->statements[which], 1, user_id);
	return session_step_done(session, session->statements[which], error);
}

static enum dm_status check_name(struct sqlite_session *session, int64_t user_id, struct dm_error *error)
{
	sqlite3_stmt *statement = session->statements[ERASE_NAME_IS_TAKEN];
	enum dm_status status;
	int code;

	sqlite3_bind_int64(statement, 1, user_id);
	code = sqlite3_step(statement);
	status = session_finish(session, statement, code, error);
	if (status == DM_OK && code == SQLITE_ROW)
		return fail(error, DM_EXISTS, "another user is called erased-%lld; rename that user first",
			    (long long)user_id);
	return status;
}

enum dm_status credentials_erase(struct sqlite_session *session, int64_t user_id, struct dm_error *error)
{
	enum dm_status status = DM_OK;

	for (size_t i = 0; i < ARRAY_LENGTH(at_once) && status == DM_OK; i++)
		status = run_for(session, at_once[i], user_id, error);
	return status;
}

static enum dm_status close_user(struct sqlite_session *session, struct dm_operation *operation)
{
	int64_t user_id = operation->user_erase.user_id;
	enum dm_status status = check_name(session, user_id, &operation->error);

	if (status == DM_OK)
		status = credentials_erase(session, user_id, &operation->error);
	if (status == DM_OK)
		status = run_for(session, ERASE_CLOSE, user_id, &operation->error);
	if (status == DM_OK && sqlite3_changes(session->db) == 0)
		return fail(&operation->error, DM_NOT_FOUND, "there is no such user");
	if (status == DM_OK)
		erasure_go_on(&operation->user_erase, false, true);
	return status;
}

/* ---- messages ------------------------------------------------------------------------------------------------ */

struct erasure_piece {
	int64_t ids[ERASE_ROWS]; /* of messages that have to be changed */
	size_t count;
	bool goes_on;
};

/* Chooses the messages of a piece, and moves the operation's position behind them. */
static enum dm_status choose(struct sqlite_session *session, struct dm_operation *operation,
			     struct erasure_piece *piece)
{
	struct dm_op_user_erase *erase = &operation->user_erase;
	bool sent = erase->internal.phase == ERASURE_SENT, deletes = erase->messages == DM_ERASE_DELETE;
	sqlite3_stmt *statement = session->statements[sent ? ERASE_SENT : ERASE_RECEIVED];
	size_t bytes = 0, seen = 0;
	int code = SQLITE_DONE;

	piece->count = 0;
	sqlite3_bind_int64(statement, 1, erase->user_id);
	sqlite3_bind_int64(statement, 2, erase->internal.id);
	sqlite3_bind_int64(statement, 3, ERASE_WALK);
	while (piece->count < ERASE_ROWS && bytes < ERASE_BYTES && (code = sqlite3_step(statement)) == SQLITE_ROW) {
		size_t length = column_text(statement, 1).length;
		bool is_hidden = sqlite3_column_int(statement, 2) != 0;

		seen++;
		bytes += length;
		erase->internal.id = sqlite3_column_int64(statement, 0);
		if (deletes || !is_hidden || (sent && length > 0))
			piece->ids[piece->count++] = erase->internal.id;
	}
	piece->goes_on = code == SQLITE_ROW || seen == ERASE_WALK;
	return session_finish(session, statement, code, &operation->error);
}

static enum dm_status erase_messages(struct sqlite_session *session, struct dm_operation *operation)
{
	struct dm_op_user_erase *erase = &operation->user_erase;
	bool sent = erase->internal.phase == ERASURE_SENT, deletes = erase->messages == DM_ERASE_DELETE;
	sqlite3_stmt *change = session->statements[deletes ? MESSAGE_DELETE : sent ? ERASE_BLANK : ERASE_HIDE];
	int64_t *count = deletes ? &erase->erased.deleted : sent ? &erase->erased.blanked : &erase->erased.hidden;
	struct erasure_piece piece;
	enum dm_status status = choose(session, operation, &piece);
	int64_t now = clock_now();

	for (size_t i = 0; i < piece.count && status == DM_OK; i++) {
		sqlite3_bind_int64(change, 1, piece.ids[i]);
		if (!deletes)
			bind_time(change, 2, now);
		status = session_step_done(session, change, &operation->error);
	}
	*count = (int64_t)piece.count;
	if (status == DM_OK)
		erasure_go_on(erase, piece.goes_on, true);
	return status;
}

/* Runs a statement that deletes ERASE_WALK rows at most. */
static enum dm_status run_piece(struct sqlite_session *session, enum sqlite_statement which, int64_t user_id,
				bool *goes_on, struct dm_error *error)
{
	enum dm_status status = run_for(session, which, user_id, error);

	*goes_on |= status == DM_OK && sqlite3_changes(session->db) == ERASE_WALK;
	return status;
}

enum dm_status rest_erase(struct sqlite_session *session, int64_t user_id, int64_t phase, bool *goes_on,
			  struct dm_error *error)
{
	enum dm_status status;

	*goes_on = false;
	if (phase == ERASURE_INBOX)
		return run_piece(session, ERASE_INBOX, user_id, goes_on, error);
	if (phase == ERASURE_KEYS)
		return keys_erase(session, user_id, goes_on, error);
	status = run_piece(session, ERASE_BLOCKS, user_id, goes_on, error);
	return status == DM_OK ? run_piece(session, ERASE_PARTNERS, user_id, goes_on, error) : status;
}

enum dm_status user_erase(struct sqlite_session *session, struct dm_operation *operation)
{
	struct dm_op_user_erase *erase = &operation->user_erase;
	enum dm_status status = delete_securely(session, &operation->error);
	bool goes_on = false;

	if (!erase->more)
		erase->internal.phase = ERASURE_CLOSES;
	erase->erased = (struct dm_erased){0};
	if (status != DM_OK)
		return status;
	switch ((enum erasure_phase)erase->internal.phase) {
	case ERASURE_CLOSES:
		return close_user(session, operation);
	case ERASURE_INBOX:
	case ERASURE_KEYS:
	case ERASURE_BLOCKS:
		status = rest_erase(session, erase->user_id, erase->internal.phase, &goes_on, &operation->error);
		if (status == DM_OK)
			erasure_go_on(erase, goes_on, true);
		return status;
	case ERASURE_RENAMES:
		status = run_for(session, ERASE_USER, erase->user_id, &operation->error);
		erasure_go_on(erase, false, true);
		return status;
	default:
		return erase_messages(session, operation);
	}
}
