/* SPDX-License-Identifier: MIT */
/* hiding.c - hiding messages from one of their users: one, or a conversation, a piece at a time. */
#include "nouns.h"

#include "clock.h"
#include "event_match.h"
#include "failure.h"
#include "lane.h"

const struct sqlite_statement_text hiding_statements[] = {
	{MESSAGE_SIDES, "SELECT sender_id, recipient_id, sent_at, hidden_for_sender IS NOT NULL,"
			" hidden_for_recipient IS NOT NULL FROM directmessages_message WHERE id = ?1"
			" AND (sender_id = ?2 OR recipient_id = ?2)"},
	{MESSAGE_HIDE_FOR_SENDER,
	 "UPDATE directmessages_message SET hidden_for_sender = ?3 WHERE id = ?1 AND sender_id = ?2"},
	{MESSAGE_HIDE_FOR_RECIPIENT,
	 "UPDATE directmessages_message SET hidden_for_recipient = ?3 WHERE id = ?1 AND recipient_id = ?2"},
	{0},
};

/* When something is told to be hidden: never at the time when the message was sent (event_match.h). */
static int64_t told_at(int64_t now, int64_t sent_at)
{
	return now > sent_at ? now : sent_at + 1;
}

static enum dm_status hide(struct sqlite_session *session, const struct dm_message *message, int64_t user_id,
			   int64_t now, struct dm_error *error)
{
	sqlite3_stmt *statement = session->statements[message->sender_id == user_id ? MESSAGE_HIDE_FOR_SENDER
										    : MESSAGE_HIDE_FOR_RECIPIENT];

	sqlite3_bind_int64(statement, 1, message->id);
	sqlite3_bind_int64(statement, 2, user_id);
	bind_time(statement, 3, now);
	return session_step_done(session, statement, error);
}

/* ---- one message --------------------------------------------------------------------------------------------- */

/* DM_NOT_FOUND: there is no such message of the user's. */
static enum dm_status find_message(struct sqlite_session *session, struct dm_operation *operation,
				   struct dm_message *message, bool *was_hidden)
{
	sqlite3_stmt *statement = session->statements[MESSAGE_SIDES];
	enum dm_status status;
	int code;

	sqlite3_bind_int64(statement, 1, operation->hide.message_id);
	sqlite3_bind_int64(statement, 2, operation->hide.user_id);
	code = sqlite3_step(statement);
	if (code == SQLITE_ROW) {
		*message = (struct dm_message){.id = operation->hide.message_id,
					       .sender_id = sqlite3_column_int64(statement, 0),
					       .recipient_id = sqlite3_column_int64(statement, 1),
					       .sent_at = column_time(statement, 2, 0)};
		*was_hidden = sqlite3_column_int(statement, message->sender_id == operation->hide.user_id ? 3 : 4) != 0;
	}
	status = session_finish(session, statement, code, &operation->error);
	if (status == DM_OK && code == SQLITE_DONE)
		return fail(&operation->error, DM_NOT_FOUND, "there is no such message, or it is not this user's");
	return status;
}

enum dm_status message_hide(struct sqlite_session *session, struct dm_operation *operation)
{
	int64_t user_id = operation->hide.user_id, now = clock_now();
	struct dm_message message;
	bool was_hidden = false;
	enum dm_status status = find_message(session, operation, &message, &was_hidden);

	if (status == DM_OK)
		status = hide(session, &message, user_id, now, &operation->error);
	if (status != DM_OK || was_hidden)
		return status;
	return event_record(session, operation,
			    message.sender_id == user_id ? EVENT_HIDDEN_FOR_SENDER : EVENT_HIDDEN_FOR_RECIPIENT,
			    &message, told_at(now, message.sent_at));
}

/* ---- a conversation ------------------------------------------------------------------------------------------ */

/* All that the user can see, from one end: hidden messages have left the indexes. */
static sqlite3_stmt *visible(struct sqlite_session *session, const struct dm_operation *operation, bool newest_first,
			     size_t limit)
{
	sqlite3_stmt *statement = session->statements[newest_first ? CONVERSATION_OLDER : CONVERSATION_NEWER];

	sqlite3_bind_int64(statement, 1, operation->hide_conversation.user_id);
	sqlite3_bind_int64(statement, 2, operation->hide_conversation.partner_id);
	/* Beyond all times, which are texts that begin with a digit. */
	sqlite3_bind_text(statement, 3, newest_first ? "A" : "", -1, SQLITE_STATIC);
	sqlite3_bind_int64(statement, 5, (int64_t)limit);
	sqlite3_bind_int64(statement, 6, 0);
	return statement;
}

/* Notes the newest message, which is the last to hide. *found is false where there is none. */
static enum dm_status find_newest(struct sqlite_session *session, struct dm_operation *operation, bool *found)
{
	struct dm_op_hide_conversation *call = &operation->hide_conversation;
	sqlite3_stmt *statement;
	int code;

	*found = false;
	if (call->user_id == call->partner_id) /* no user has messages to themselves */
		return DM_OK;
	statement = visible(session, operation, true, 1);
	code = sqlite3_step(statement);
	*found = code == SQLITE_ROW;
	call->internal.last_id = *found ? sqlite3_column_int64(statement, 0) : 0;
	call->internal.last_time = *found ? column_time(statement, 3, 0) : 0;
	return session_finish(session, statement, code, &operation->error);
}

enum dm_status conversation_is_visible(struct sqlite_session *session, struct dm_operation *operation, bool *has)
{
	return find_newest(session, operation, has);
}

struct hiding_piece {
	struct dm_message messages[MARK_ROWS]; /* without their contents */
	size_t count;
	bool goes_on;
};

/* Finds the messages of the piece, oldest first, and whether there is one behind them. */
static enum dm_status find_piece(struct sqlite_session *session, struct dm_operation *operation, bool is_first,
				 struct hiding_piece *piece)
{
	const struct dm_op_hide_conversation *call = &operation->hide_conversation;
	size_t room = is_first ? MARK_FIRST_ROWS : MARK_ROWS, bytes = 0;
	size_t max_bytes = is_first ? MARK_FIRST_BYTES : MARK_BYTES;
	sqlite3_stmt *statement = visible(session, operation, false, room + 1);
	int code;

	piece->count = 0;
	piece->goes_on = false;
	while ((code = sqlite3_step(statement)) == SQLITE_ROW) {
		struct dm_message message = message_from_row(statement);

		if (message.sent_at > call->internal.last_time ||
		    (message.sent_at == call->internal.last_time && message.id > call->internal.last_id))
			break;
		piece->goes_on = piece->count == room || bytes >= max_bytes;
		if (piece->goes_on)
			break;
		bytes += message.content.length;
		message.content = (struct dm_text){NULL, 0};
		piece->messages[piece->count++] = message;
	}
	return session_finish(session, statement, code, &operation->error);
}

/* One event for the whole, with the last piece: from then on nothing of it is to be seen. */
static enum dm_status record_conversation(struct sqlite_session *session, struct dm_operation *operation)
{
	const struct dm_op_hide_conversation *call = &operation->hide_conversation;
	struct dm_message newest = {
		.id = call->internal.last_id, .sender_id = call->user_id, .recipient_id = call->partner_id};

	return event_record(session, operation, EVENT_CONVERSATION_HIDDEN, &newest,
			    told_at(call->internal.at, call->internal.last_time));
}

enum dm_status conversation_hide(struct sqlite_session *session, struct dm_operation *operation)
{
	struct dm_op_hide_conversation *call = &operation->hide_conversation;
	bool is_first = !call->more, found = true;
	struct hiding_piece piece = {.count = 0};
	enum dm_status status = DM_OK;

	if (is_first) {
		call->internal.at = clock_now();
		status = find_newest(session, operation, &found);
	}
	if (status == DM_OK && found)
		status = find_piece(session, operation, is_first, &piece);
	for (size_t i = 0; i < piece.count && status == DM_OK; i++)
		status = hide(session, &piece.messages[i], call->user_id, call->internal.at, &operation->error);
	call->hidden = (int64_t)piece.count;
	call->more = status == DM_OK && piece.goes_on;
	if (status == DM_OK && !piece.goes_on && (piece.count > 0 || !is_first))
		status = record_conversation(session, operation);
	return status;
}
