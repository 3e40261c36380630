/* SPDX-License-Identifier: MIT */
/* inbox_walk.c - walks the table of inboxes, and compares each row with the last message itself. */
#include "inbox_walk.h"

#include "nouns.h"

/* The last message on one side: a step in its index. */
#define SIDE(own, other, hidden, index) \
	"SELECT * FROM (SELECT id, sender_id, recipient_id, sent_at, read_at FROM directmessages_message INDEXED BY " index \
	" WHERE " own " = ?1 AND " other " = ?2 AND " hidden " IS NULL ORDER BY sent_at DESC, id DESC LIMIT 1)"

/* ?1 user, ?2 time, ?3 id, ?4 limit. As for pages of a conversation, rows at exactly the time of the position have a
 * statement of their own. */
#define WALK(range) \
	"SELECT partner_id, last_at, last_id FROM directmessages_inbox INDEXED BY directmessages_inbox_order" \
	" WHERE user_id = ?1 AND " range " ORDER BY last_at DESC, last_id DESC LIMIT ?4"

const struct sqlite_statement_text inbox_walk_statements[] = {
	{INBOX_LAST, SIDE("sender_id", "recipient_id", "hidden_for_sender", "directmessages_sent") " UNION ALL " SIDE(
			     "recipient_id", "sender_id", "hidden_for_recipient",
			     "directmessages_received") " ORDER BY sent_at DESC, id DESC LIMIT 1"},
	{INBOX_HAS_USER, "SELECT 1 FROM {users} u WHERE {u.id} = ?1"},
	{INBOX_WALK, WALK("last_at < ?2 AND ?3 IS NOT NULL")},
	{INBOX_WALK_TIES, WALK("last_at = ?2 AND last_id < ?3")},
	{0},
};

static enum dm_status has_user(struct sqlite_session *session, int64_t user_id, bool *has, struct dm_error *error)
{
	sqlite3_stmt *statement = session->statements[INBOX_HAS_USER];
	int code;

	sqlite3_bind_int64(statement, 1, user_id);
	code = sqlite3_step(statement);
	*has = code == SQLITE_ROW;
	return session_finish(session, statement, code, error);
}

enum dm_status inbox_last(struct sqlite_session *session, int64_t user_id, int64_t partner_id,
			  struct inbox_place *place, struct dm_error *error)
{
	sqlite3_stmt *statement = session->statements[INBOX_LAST];
	bool exists;
	enum dm_status status = has_user(session, partner_id, &exists, error);
	int code;

	*place = (struct inbox_place){.partner_id = partner_id};
	if (status != DM_OK || !exists)
		return status;
	sqlite3_bind_int64(statement, 1, user_id);
	sqlite3_bind_int64(statement, 2, partner_id);
	code = sqlite3_step(statement);
	if (code == SQLITE_ROW)
		place->message = (struct dm_message){
			.id = sqlite3_column_int64(statement, 0),
			.sender_id = sqlite3_column_int64(statement, 1),
			.recipient_id = sqlite3_column_int64(statement, 2),
			.sent_at = column_time(statement, 3, 0),
			.read_at = column_time(statement, 4, DM_UNREAD),
		};
	return session_finish(session, statement, code, error);
}

/* Passes one row of the table on. *enough: no more are wanted. */
static enum dm_status pass_on(struct sqlite_session *session, const struct inbox_walk *walk, sqlite3_stmt *row,
			      bool *enough, struct dm_error *error)
{
	struct inbox_place place;
	enum dm_status status = inbox_last(session, walk->user_id, sqlite3_column_int64(row, 0), &place, error);

	if (status != DM_OK)
		return status;
	place.is_wrong =
		place.message.id != sqlite3_column_int64(row, 2) || place.message.sent_at != column_time(row, 1, 0);
	*enough = !walk->on_place(walk->context, &place);
	return DM_OK;
}

static enum dm_status walk_range(struct sqlite_session *session, const struct inbox_walk *walk,
				 enum sqlite_statement which, int64_t *left, struct dm_error *error)
{
	sqlite3_stmt *statement = session->statements[which];
	enum dm_status status = DM_OK;
	bool enough = false;
	int code = SQLITE_DONE;

	sqlite3_bind_int64(statement, 1, walk->user_id);
	if (walk->has_position)
		bind_time(statement, 2, walk->position);
	else
		sqlite3_bind_text(statement, 2, "A", -1, SQLITE_STATIC); /* beyond all times */
	sqlite3_bind_int64(statement, 3, walk->row_id);
	sqlite3_bind_int64(statement, 4, *left);
	while (!enough && status == DM_OK && (code = sqlite3_step(statement)) == SQLITE_ROW) {
		(*left)--;
		status = pass_on(session, walk, statement, &enough, error);
	}
	*left = enough ? 0 : *left;
	if (status == DM_OK)
		return session_finish(session, statement, code, error);
	sqlite3_reset(statement);
	return status;
}

enum dm_status inbox_walk(struct sqlite_session *session, const struct inbox_walk *walk, struct dm_error *error)
{
	int64_t left = walk->limit;
	enum dm_status status = DM_OK;

	if (walk->has_position)
		status = walk_range(session, walk, INBOX_WALK_TIES, &left, error);
	if (status == DM_OK && left > 0)
		status = walk_range(session, walk, INBOX_WALK, &left, error);
	return status;
}
