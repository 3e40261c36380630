/* SPDX-License-Identifier: MIT */
/* message.c - single messages: store, read, mark as read. */
#include "nouns.h"

#include "clock.h"
#include "event_match.h"
#include "failure.h"
#include "send_refusal.h"
#include "sent_time.h"

#define EITHER_BLOCKS "(EXISTS " BLOCK("?3", "?4") " OR EXISTS " BLOCK("?4", "?3") ")"

const struct sqlite_statement_text message_statements[] = {
	/* Checks that both users exist, since a foreign key would fail only at the commit, and the whole batch with it;
	 * and that neither blocks the other, unless ?5. If not, the recipient is NULL, which the table refuses. An
	 * INSERT ... SELECT ... WHERE might insert many rows, so SQLite would keep a copy of each page that it changes.
	 */
	{MESSAGE_INSERT,
	 "INSERT INTO directmessages_message (content, sent_at, read_at, recipient_id, sender_id,"
	 " hidden_for_recipient, hidden_for_sender) VALUES (?1, ?2, NULL, CASE"
	 " WHEN EXISTS (SELECT 1 FROM {users} u WHERE {u.id} = ?3) AND EXISTS (SELECT 1 FROM {users} u WHERE {u.id} = ?4)"
	 " AND (?5 OR NOT " EITHER_BLOCKS ") THEN ?3 END, ?4, NULL, NULL)"},
	/* Why not: ?1 the sender, ?2 the recipient. */
	{MESSAGE_REFUSAL, "SELECT EXISTS (SELECT 1 FROM {users} u WHERE {u.id} = ?1)"
			  " AND EXISTS (SELECT 1 FROM {users} u WHERE {u.id} = ?2), EXISTS " BLOCK(
				  "?1", "?2") ", EXISTS " BLOCK("?2", "?1")},
	/* ?2 user, ?3 partner, 0 for any; ?4 whether with those that the user has hidden. */
	{MESSAGE_BY_ID, "SELECT " MESSAGE_COLUMNS " FROM directmessages_message WHERE id = ?1 AND (?2 = 0"
			" OR (sender_id = ?2 AND ?3 IN (0, recipient_id) AND (?4 OR hidden_for_sender IS NULL))"
			" OR (recipient_id = ?2 AND ?3 IN (0, sender_id) AND (?4 OR hidden_for_recipient IS NULL)))"},
	{MESSAGES_NEWEST, "SELECT " MESSAGE_COLUMNS " FROM directmessages_message ORDER BY id DESC LIMIT ?1"},
	{MESSAGES_LAST_ID, "SELECT max(id) FROM directmessages_message"},
	{MESSAGES_NEWEST_OF_USER,
	 "SELECT " MESSAGE_COLUMNS " FROM directmessages_message WHERE sender_id = ?2"
	 " UNION ALL SELECT " MESSAGE_COLUMNS " FROM directmessages_message WHERE recipient_id = ?2 AND sender_id <> ?2"
	 " ORDER BY 1 DESC LIMIT ?1"},
	{0},
};

enum dm_status messages_lend(struct sqlite_session *session, sqlite3_stmt *statement, struct dm_operation *operation,
			     struct lending *lending)
{
	int code = SQLITE_DONE;

	while (!lending->enough && (code = sqlite3_step(statement)) == SQLITE_ROW) {
		struct dm_message message = message_from_row(statement);

		lending->enough = lending->max_bytes > 0 && lending->bytes >= lending->max_bytes;
		if (lending->enough)
			message.content = (struct dm_text){NULL, 0};
		lending->rows++;
		lending->bytes += message.content.length;
		lending->enough |= !lending->on_message(operation->context, &message);
	}
	return session_finish(session, statement, code, &operation->error);
}

/* Says why a send was refused; `unexpected` where none of the reasons holds that we look for, NULL where it is known
 * that it was limited. */
static enum dm_status refuse_send(struct sqlite_session *session, struct dm_operation *operation,
				  const struct dm_error *unexpected)
{
	sqlite3_stmt *statement = session->statements[MESSAGE_REFUSAL];
	bool users_exist = false, blocks = false, is_blocked = false;
	enum send_refusal refusal = SEND_WITHOUT_USER;
	enum dm_status status;
	int code;

	sqlite3_bind_int64(statement, 1, operation->send.sender_id);
	sqlite3_bind_int64(statement, 2, operation->send.recipient_id);
	code = sqlite3_step(statement);
	if (code == SQLITE_ROW) {
		users_exist = sqlite3_column_int(statement, 0) != 0;
		blocks = sqlite3_column_int(statement, 1) != 0;
		is_blocked = sqlite3_column_int(statement, 2) != 0;
	}
	status = session_finish(session, statement, code, &operation->error);
	if (status != DM_OK)
		return status;
	if (users_exist)
		refusal = blocks ? SEND_TO_BLOCKED : is_blocked ? SEND_TO_BLOCKER : SEND_LIMITED;
	if (refusal == SEND_LIMITED && unexpected) {
		operation->error = *unexpected;
		return unexpected->status;
	}
	return send_refused(operation, refusal);
}

static enum dm_status insert(struct sqlite_session *session, struct dm_operation *operation)
{
	sqlite3_stmt *statement = session->statements[MESSAGE_INSERT];
	int64_t sent_at = sent_time_after(session->last_sent_at);
	struct dm_error failure = {0};
	enum dm_status status;
	int code;

	session->last_sent_at = sent_at;
	bind_text(statement, 1, operation->send.content);
	bind_time(statement, 2, sent_at);
	sqlite3_bind_int64(statement, 3, operation->send.recipient_id);
	sqlite3_bind_int64(statement, 4, operation->send.sender_id);
	sqlite3_bind_int(statement, 5, operation->send.unrestricted);
	code = sqlite3_step(statement);
	status = session_finish(session, statement, code, &failure);
	if (code == SQLITE_CONSTRAINT_NOTNULL) /* of the recipient, or of another column, which is a project's own */
		return refuse_send(session, operation, &failure);
	if (status != DM_OK) {
		operation->error = failure;
		return status;
	}
	operation->send.message = (struct dm_message){
		.id = sqlite3_last_insert_rowid(session->db),
		.sender_id = operation->send.sender_id,
		.recipient_id = operation->send.recipient_id,
		.sent_at = sent_at,
		.read_at = DM_UNREAD,
		.content = operation->send.content,
	};
	return DM_OK;
}

enum dm_status message_send(struct sqlite_session *session, struct dm_operation *operation)
{
	bool has_key = operation->send.idempotency_key != NULL, was_used = false, is_new = false, is_allowed = true;
	enum dm_status status = has_key ? key_replay(session, operation, &was_used) : DM_OK;

	if (status != DM_OK || was_used)
		return status;
	if (operation->internal.refused != DM_OK)
		return operation->internal.refused; /* its error says why */
	if (operation->send.internal.partners_period > 0)
		status = partner_check(session, operation, &is_new, &is_allowed);
	if (status == DM_OK)
		status = is_allowed ? insert(session, operation) : refuse_send(session, operation, NULL);
	if (status == DM_OK && is_new)
		status = partner_put(session, operation);
	if (status == DM_OK && has_key)
		status = key_put(session, operation);
	if (status != DM_OK)
		return status;
	return event_record(session, operation, EVENT_SENT, &operation->send.message, operation->send.message.sent_at);
}

enum dm_status message_by_id(struct sqlite_session *session, struct dm_operation *operation)
{
	sqlite3_stmt *statement = session->statements[MESSAGE_BY_ID];
	struct lending lending = {.on_message = operation->message.on_message};
	enum dm_status status;

	sqlite3_bind_int64(statement, 1, operation->message.message_id);
	sqlite3_bind_int64(statement, 2, operation->message.user_id);
	sqlite3_bind_int64(statement, 3, operation->message.partner_id);
	sqlite3_bind_int(statement, 4, operation->message.with_hidden);
	status = messages_lend(session, statement, operation, &lending);
	if (status == DM_OK && lending.rows == 0)
		return fail(&operation->error, DM_NOT_FOUND, "there is no such message");
	return status;
}

static enum dm_status must_exist(struct sqlite_session *session, struct dm_operation *operation)
{
	sqlite3_stmt *statement = session->statements[MESSAGE_BY_ID];
	enum dm_status status;
	int code;

	sqlite3_bind_int64(statement, 1, operation->mark_read.message_id);
	sqlite3_bind_int64(statement, 2, 0);
	code = sqlite3_step(statement);
	status = session_finish(session, statement, code, &operation->error);
	if (status == DM_OK && code == SQLITE_DONE)
		return fail(&operation->error, DM_NOT_FOUND, "there is no such message");
	return status;
}

enum dm_status message_mark_read(struct sqlite_session *session, struct dm_operation *operation)
{
	struct marked marked = {.count = 0};
	enum dm_status status = message_mark(session, operation, operation->mark_read.message_id, clock_now(), &marked);

	operation->mark_read.was_unread = marked.count > 0;
	if (status == DM_OK && marked.count == 0)
		return must_exist(session, operation);
	return status;
}

enum dm_status messages_all(struct sqlite_session *session, struct dm_operation *operation)
{
	const struct dm_op_all_messages *all = &operation->all_messages;
	bool one_user = all->user_id != 0;
	sqlite3_stmt *statement = session->statements[one_user ? MESSAGES_NEWEST_OF_USER : MESSAGES_NEWEST];
	struct lending lending = {.on_message = all->on_message};

	sqlite3_bind_int64(statement, 1, all->limit > 0 ? rows_of(all->limit) : -1);
	if (one_user)
		sqlite3_bind_int64(statement, 2, all->user_id);
	return messages_lend(session, statement, operation, &lending);
}
