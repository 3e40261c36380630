/* SPDX-License-Identifier: MIT */
/* idempotency.c - the keys of sends that can be repeated. A key is written with its message, in one commit. `at` is the
 * message's sent_at, in microseconds since 1970. */
#include "nouns.h"

#include "clock.h"
#include "lane.h"
#include "replay.h"

#define KEYS "directmessages_idempotency_key"

/* Old keys are looked for with each so many-th new one: to look takes as long as to write a key. */
#define PERIOD 16
#define TEXT_OF(number) #number
#define REMOVED(period) KEYS_REMOVED " * " TEXT_OF(period)

const struct sqlite_statement_text idempotency_statements[] = {
	/* Columns 0 to 5 are those of message_from_row, without content; NULL where the message is gone. */
	{KEY_FIND,
	 "SELECT m.id, m.sender_id, m.recipient_id, m.sent_at, m.read_at, '', k.recipient_id, k.fingerprint, k.at"
	 " FROM " KEYS " k LEFT JOIN directmessages_message m ON m.id = k.message_id"
	 " WHERE k.user_id = ?1 AND k.key = ?2 AND k.at > ?3 AND k.at <= ?4"},
	/* One that has expired may still be there. */
	{KEY_PUT, "INSERT OR REPLACE INTO " KEYS " (user_id, key, message_id, recipient_id, fingerprint, at)"
		  " VALUES (?1, ?2, ?3, ?4, ?5, ?6)"},
	/* By a range each: for a list of keys, and in newer versions for two ranges, SQLite would read the whole table.
	 * No two keys of one writer have the same time. A key that is ahead was made before the clock was set back, and
	 * does not count. */
	{KEYS_EXPIRE, "DELETE FROM " KEYS " WHERE at <= (SELECT max(at) FROM (SELECT at FROM " KEYS
		      " WHERE at <= ?1 ORDER BY at LIMIT " REMOVED(PERIOD) "))"},
	{KEYS_AHEAD, "DELETE FROM " KEYS " WHERE at >= (SELECT min(at) FROM (SELECT at FROM " KEYS
		     " WHERE at > ?1 ORDER BY at DESC LIMIT " REMOVED(PERIOD) "))"},
	{ERASE_KEYS, "DELETE FROM " KEYS " WHERE user_id = ?1 AND key <= (SELECT max(key) FROM (SELECT key FROM " KEYS
		     " WHERE user_id = ?1 ORDER BY key LIMIT ?2))"},
	{0},
};

static void bind_key(sqlite3_stmt *statement, const struct dm_op_send *send)
{
	sqlite3_bind_int64(statement, 1, send->sender_id);
	bind_text(statement, 2, dm_text_of(send->idempotency_key));
}

enum dm_status key_replay(struct sqlite_session *session, struct dm_operation *operation, bool *was_used)
{
	sqlite3_stmt *statement = session->statements[KEY_FIND];
	int64_t now = clock_now(), lifetime = session->options->key_lifetime;
	enum dm_status status = DM_OK, finished;
	int code;

	bind_key(statement, &operation->send);
	sqlite3_bind_int64(statement, 3, now - lifetime);
	sqlite3_bind_int64(statement, 4, now + lifetime);
	code = sqlite3_step(statement);
	*was_used = code == SQLITE_ROW;
	if (*was_used) {
		const struct stored_key key = {
			.recipient_id = sqlite3_column_int64(statement, 6),
			.fingerprint = {sqlite3_column_blob(statement, 7), (size_t)sqlite3_column_bytes(statement, 7)},
			.at = sqlite3_column_int64(statement, 8),
			.has_message = sqlite3_column_type(statement, 0) != SQLITE_NULL,
			.message = message_from_row(statement),
		};

		status = replay_give(operation, &key);
	}
	finished = session_finish(session, statement, code, &operation->error);
	return finished == DM_OK ? status : finished;
}

/* Removes keys that do not count any more. */
static enum dm_status remove_old(struct sqlite_session *session, int64_t now, struct dm_error *error)
{
	sqlite3_stmt *old = session->statements[KEYS_EXPIRE], *ahead = session->statements[KEYS_AHEAD];
	enum dm_status status;

	sqlite3_bind_int64(old, 1, now - session->options->key_lifetime);
	sqlite3_bind_int64(ahead, 1, now + session->options->key_lifetime);
	status = session_step_done(session, old, error);
	return status == DM_OK ? session_step_done(session, ahead, error) : status;
}

enum dm_status key_put(struct sqlite_session *session, struct dm_operation *operation)
{
	const struct dm_op_send *send = &operation->send;
	sqlite3_stmt *statement = session->statements[KEY_PUT];
	enum dm_status status = DM_OK;

	if (session->keys_put++ % PERIOD == 0)
		status = remove_old(session, send->message.sent_at, &operation->error);
	if (status != DM_OK)
		return status;
	bind_key(statement, send);
	sqlite3_bind_int64(statement, 3, send->message.id);
	sqlite3_bind_int64(statement, 4, send->recipient_id);
	sqlite3_bind_blob(statement, 5, send->internal.fingerprint, DM_FINGERPRINT_SIZE, SQLITE_STATIC);
	sqlite3_bind_int64(statement, 6, send->message.sent_at);
	return session_step_done(session, statement, &operation->error);
}

enum dm_status keys_erase(struct sqlite_session *session, int64_t user_id, bool *goes_on, struct dm_error *error)
{
	sqlite3_stmt *statement = session->statements[ERASE_KEYS];
	enum dm_status status;

	sqlite3_bind_int64(statement, 1, user_id);
	sqlite3_bind_int64(statement, 2, ERASE_WALK);
	status = session_step_done(session, statement, error);
	*goes_on = status == DM_OK && sqlite3_changes(session->db) == ERASE_WALK;
	return status;
}
