/* SPDX-License-Identifier: MIT */
/* purge.c - deletes messages for good: one, or all that meet a criterion, a piece at a time. */
#include "nouns.h"

#include "failure.h"
#include "lane.h"

const struct sqlite_statement_text purge_statements[] = {
	{MESSAGE_DELETE, "DELETE FROM directmessages_message WHERE id = ?1"},
	/* ?2 hidden by both, ?3 sent before. Contents of messages that stay are not read. */
	{PURGE_WINDOW,
	 "SELECT id, CASE WHEN is_old THEN content END, (SELECT max(id) FROM directmessages_message) FROM (SELECT id, content,"
	 " (NOT ?2 OR (hidden_for_sender IS NOT NULL AND hidden_for_recipient IS NOT NULL)) AND sent_at < ?3 AS is_old"
	 " FROM directmessages_message WHERE id > ?1 ORDER BY id LIMIT ?4)"},
	{0},
};

static enum dm_status delete_one(struct sqlite_session *session, int64_t id, struct dm_error *error)
{
	sqlite3_bind_int64(session->statements[MESSAGE_DELETE], 1, id);
	return session_step_done(session, session->statements[MESSAGE_DELETE], error);
}

enum dm_status message_delete_row(struct sqlite_session *session, struct dm_operation *operation)
{
	enum dm_status status = delete_securely(session, &operation->error);

	if (status == DM_OK)
		status = delete_one(session, operation->message_delete.message_id, &operation->error);
	if (status == DM_OK && sqlite3_changes(session->db) == 0)
		return fail(&operation->error, DM_NOT_FOUND, "there is no such message");
	return status;
}

/* Chooses what a piece deletes. Gives its size. */
static enum dm_status choose(struct sqlite_session *session, struct dm_operation *operation, int64_t ids[ERASE_ROWS])
{
	struct dm_op_messages_purge *purge = &operation->messages_purge;
	sqlite3_stmt *statement = session->statements[PURGE_WINDOW];
	size_t bytes = 0, seen = 0;
	int64_t reached = 0;
	int code = SQLITE_DONE;

	sqlite3_bind_int64(statement, 1, purge->after);
	sqlite3_bind_int(statement, 2, purge->hidden_by_both);
	if (purge->before != 0)
		bind_time(statement, 3, purge->before);
	else
		sqlite3_bind_text(statement, 3, "A", -1, SQLITE_STATIC); /* beyond all times */
	sqlite3_bind_int(statement, 4, ERASE_WALK);
	while (purge->removed < ERASE_ROWS && bytes < ERASE_BYTES && (code = sqlite3_step(statement)) == SQLITE_ROW) {
		seen++;
		reached = sqlite3_column_int64(statement, 0);
		purge->last_id = sqlite3_column_int64(statement, 2);
		if (sqlite3_column_type(statement, 1) == SQLITE_NULL)
			continue;
		ids[purge->removed++] = reached;
		bytes += column_text(statement, 1).length;
	}
	purge->next_after = code == SQLITE_ROW || seen == ERASE_WALK ? reached : 0;
	return session_finish(session, statement, code, &operation->error);
}

enum dm_status messages_purge(struct sqlite_session *session, struct dm_operation *operation)
{
	struct dm_op_messages_purge *purge = &operation->messages_purge;
	int64_t ids[ERASE_ROWS];
	enum dm_status status = delete_securely(session, &operation->error);

	purge->removed = purge->next_after = purge->last_id = 0;
	if (status == DM_OK)
		status = choose(session, operation, ids);
	for (int64_t i = 0; i < purge->removed && status == DM_OK && !purge->dry_run; i++)
		status = delete_one(session, ids[i], &operation->error);
	return status;
}
