/* SPDX-License-Identifier: MIT */
/* inbox_fold.c - writes the table of inboxes: brings new messages into it, and mends what was hidden or deleted since.
 */
#include "inbox_walk.h"
#include "nouns.h"

#include "inbox_table.h"

#define MEND_ROWS 1000

/* Messages of one commit. */
#define FOLD_ROWS "1000"

/* Whether the tables were emptied since (manage.py flush), so that ids start from 1. Deleting the newest message alone
 * changes nothing: SQLite gives no id twice here. */
#define IS_OTHER \
	"(f.folded > max(" NEWEST_ID \
	", ifnull((SELECT max(seq) FROM sqlite_sequence WHERE name = 'directmessages_message'), 0))" \
	" OR EXISTS (SELECT 1 FROM directmessages_message m WHERE m.id = f.folded AND m.sent_at IS NOT f.mark_at))"

/* Folding a piece is these three. There is one writer, so a message that is stored later has a higher id. For each of
 * a message's two users there is a row, unless that has a later one. A row may be too new, since messages are hidden
 * and deleted: who reads it finds that out. */
#define SQL_INBOX_START_ANEW "UPDATE directmessages_inbox_fold AS f SET folded = 0, mark_at = NULL WHERE " IS_OTHER
#define PIECE \
	" FROM directmessages_message WHERE id > " FOLDED_ID " AND id <= (SELECT max(id) FROM (SELECT id" \
	" FROM directmessages_message WHERE id > " FOLDED_ID " ORDER BY id LIMIT " FOLD_ROWS "))"
#define SQL_INBOX_FOLD \
	"INSERT INTO directmessages_inbox (user_id, partner_id, last_at, last_id) SELECT user_id, partner_id, sent_at, id" \
	" FROM (SELECT sender_id AS user_id, recipient_id AS partner_id, sent_at, id, hidden_for_sender AS hidden" PIECE \
	" UNION ALL SELECT recipient_id, sender_id, sent_at, id, hidden_for_recipient" PIECE ") WHERE hidden IS NULL" \
	" ORDER BY user_id, partner_id, sent_at DESC, id DESC" UNLESS_LATER
#define SQL_INBOX_FOLDED \
	"UPDATE directmessages_inbox_fold SET (folded, mark_at) = (SELECT id, sent_at FROM (SELECT id, sent_at" \
	" FROM directmessages_message WHERE id > " FOLDED_ID " ORDER BY id LIMIT " FOLD_ROWS \
	") ORDER BY id DESC LIMIT 1)" \
	" WHERE folded < " NEWEST_ID

const struct sqlite_statement_text inbox_fold_statements[] = {
	{INBOX_LEFT, "SELECT CASE WHEN " IS_OTHER " THEN " NEWEST_ID " ELSE " NEWEST_ID
		     " - f.folded END FROM directmessages_inbox_fold f"},
	{INBOX_START_ANEW, SQL_INBOX_START_ANEW},
	{INBOX_FOLD, SQL_INBOX_FOLD},
	{INBOX_FOLDED, SQL_INBOX_FOLDED},
	/* ?1 user, ?2 partner, ?3 the last message. */
	{INBOX_CHANGE,
	 "UPDATE directmessages_inbox SET (last_at, last_id) = (SELECT sent_at, id FROM directmessages_message WHERE id = ?3)"
	 " WHERE user_id = ?1 AND partner_id = ?2"},
	{INBOX_REMOVE, "DELETE FROM directmessages_inbox WHERE user_id = ?1 AND partner_id = ?2"},
	{0},
};

/* About how many messages are not folded. */
static enum dm_status ask_left(struct sqlite_session *session, struct dm_operation *operation, int64_t *left)
{
	sqlite3_stmt *statement = session->statements[INBOX_LEFT];
	int code = sqlite3_step(statement);

	*left = code == SQLITE_ROW ? sqlite3_column_int64(statement, 0) : 0;
	return session_finish(session, statement, code, &operation->error);
}

enum dm_status inbox_has_unfolded(struct sqlite_session *session, struct dm_operation *operation, bool *has)
{
	int64_t left;
	enum dm_status status = ask_left(session, operation, &left);

	*has = left > 0;
	return status;
}

enum dm_status inbox_fold(struct sqlite_session *session, struct dm_operation *operation)
{
	static const enum sqlite_statement steps[] = {INBOX_START_ANEW, INBOX_FOLD, INBOX_FOLDED};
	struct dm_op_inbox_fold *fold = &operation->inbox_fold;
	enum dm_status status = DM_OK;

	for (size_t i = 0; i < ARRAY_LENGTH(steps) && status == DM_OK; i++)
		status = session_step_done(session, session->statements[steps[i]], &operation->error);
	if (status == DM_OK)
		status = ask_left(session, operation, &fold->left);
	fold->more = status == DM_OK && fold->left > 0;
	return status;
}

struct wrong_row {
	int64_t partner_id;
	int64_t last_id; /* what it should have; 0: it should not be there */
};

struct wrong_rows {
	struct wrong_row rows[MEND_ROWS];
	size_t count;
};

static enum dm_status mend_one(struct sqlite_session *session, struct dm_operation *operation,
			       const struct wrong_row *row)
{
	bool is_gone = row->last_id == 0;
	sqlite3_stmt *statement = session->statements[is_gone ? INBOX_REMOVE : INBOX_CHANGE];

	sqlite3_bind_int64(statement, 1, operation->inbox_mend.user_id);
	sqlite3_bind_int64(statement, 2, row->partner_id);
	if (!is_gone)
		sqlite3_bind_int64(statement, 3, row->last_id);
	return session_step_done(session, statement, &operation->error);
}

static bool add_wrong(void *context, const struct inbox_place *place)
{
	struct wrong_rows *wrong = context;

	if (place->is_wrong)
		wrong->rows[wrong->count++] = (struct wrong_row){place->partner_id, place->message.id};
	return true;
}

enum dm_status inbox_mend(struct sqlite_session *session, struct dm_operation *operation)
{
	const struct dm_op_inbox_mend *mend = &operation->inbox_mend;
	struct wrong_rows wrong = {.count = 0};
	const struct inbox_walk walk = {
		.user_id = mend->user_id,
		.has_position = mend->has_position,
		.position = mend->position,
		.row_id = mend->row_id,
		.limit = MEND_ROWS,
		.on_place = add_wrong,
		.context = &wrong,
	};
	enum dm_status status = inbox_walk(session, &walk, &operation->error);

	for (size_t i = 0; i < wrong.count && status == DM_OK; i++)
		status = mend_one(session, operation, &wrong.rows[i]);
	return status;
}
