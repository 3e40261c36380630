/* SPDX-License-Identifier: MIT */
/* search.c - messages as they are stored, hidden ones too: pages for administrators, and all of one user.
 *
 * These are reads, which run on an HTTP loop, so each looks at a bounded number of rows. */
#include "nouns.h"

#include "clock.h"
#include "erasure_phase.h"

/* How many rows a page looks at; and for how long, in microseconds, it passes over rows that are not asked for. Their
 * times stand behind their contents, which may be long: a row of 2.6 MB takes 6 ms. */
#define FIND_WINDOW 1000
#define FIND_TIME INT64_C(100000)

/* Ids grow with the time of sending, but for messages of several servers, or of Django: by less than this. */
#define DISORDER INT64_C(3600000000)

#define NAME_OF(id) "(SELECT {u.username} FROM {users} u WHERE {u.id} = " id ")"
#define STORED \
	"SELECT id, sender_id, recipient_id, sent_at, read_at, content, hidden_for_sender, hidden_for_recipient, " NAME_OF( \
		"sender_id") ", " NAME_OF("recipient_id") " FROM directmessages_message "

/* One direction of a conversation, visible and hidden messages each by an index. */
#define ONE_WAY(sender, recipient) \
	STORED "INDEXED BY directmessages_sent WHERE sender_id = " sender " AND recipient_id = " recipient \
	       " AND hidden_for_sender IS NULL AND (sent_at, id) < (?3, ?4) UNION ALL " STORED \
	       "INDEXED BY directmessages_sent_hidden WHERE sender_id = " sender " AND recipient_id = " recipient \
	       " AND hidden_for_sender IS NOT NULL AND (sent_at, id) < (?3, ?4)"

const struct sqlite_statement_text search_statements[] = {
	{FIND_ALL, STORED "WHERE id < ?4 ORDER BY id DESC"},
	{FIND_OF_USER, STORED "WHERE sender_id = ?1 AND id < ?4 UNION ALL " STORED
			      "WHERE recipient_id = ?1 AND sender_id <> ?1 AND id < ?4 ORDER BY 1 DESC"},
	{FIND_OF_PAIR, ONE_WAY("?1", "?2") " UNION ALL " ONE_WAY("?2", "?1") " ORDER BY 4 DESC, 1 DESC"},
	{STORED_SENT, STORED "WHERE sender_id = ?1 AND id > ?2 ORDER BY id LIMIT ?3"},
	{STORED_RECEIVED, STORED "WHERE recipient_id = ?1 AND sender_id <> ?1 AND id > ?2 ORDER BY id LIMIT ?3"},
	{0},
};

static struct dm_stored_message stored_from_row(sqlite3_stmt *row)
{
	return (struct dm_stored_message){
		.message = message_from_row(row),
		.hidden_for_sender = column_time(row, 6, DM_VISIBLE),
		.hidden_for_recipient = column_time(row, 7, DM_VISIBLE),
		.sender_username = column_text(row, 8),
		.recipient_username = column_text(row, 9),
	};
}

/* ---- a page --------------------------------------------------------------------------------------------------- */

/* Beyond all times, which are texts that begin with a digit. */
static void bind_start(sqlite3_stmt *statement, const struct dm_op_messages_find *find)
{
	bool has_until = find->until != 0 && (!find->has_position || find->until < find->position);

	if (has_until)
		bind_time(statement, 3, find->until);
	else if (find->has_position)
		bind_time(statement, 3, find->position);
	else
		sqlite3_bind_text(statement, 3, "A", -1, SQLITE_STATIC);
	if (has_until)
		sqlite3_bind_int64(statement, 4, INT64_MIN);
	else
		sqlite3_bind_int64(statement, 4, find->has_position ? find->row_id : INT64_MAX);
}

static sqlite3_stmt *find_statement(struct sqlite_session *session, const struct dm_op_messages_find *find)
{
	sqlite3_stmt *statement;

	if (find->partner_id != 0) {
		statement = session->statements[FIND_OF_PAIR];
		sqlite3_bind_int64(statement, 1, find->user_id);
		sqlite3_bind_int64(statement, 2, find->partner_id);
		bind_start(statement, find);
		return statement;
	}
	statement = session->statements[find->user_id != 0 ? FIND_OF_USER : FIND_ALL];
	if (find->user_id != 0)
		sqlite3_bind_int64(statement, 1, find->user_id);
	sqlite3_bind_int64(statement, 4, find->has_position ? find->row_id : INT64_MAX);
	return statement;
}

static bool is_wanted(const struct dm_op_messages_find *find, int64_t sent_at)
{
	return sent_at >= find->since && (find->until == 0 || sent_at < find->until);
}

enum dm_status messages_find(struct sqlite_session *session, struct dm_operation *operation)
{
	struct dm_op_messages_find *find = &operation->messages_find;
	sqlite3_stmt *statement = find_statement(session, find);
	int64_t limit = rows_to_find(find->limit), rows = 0, newest = INT64_MIN, began = clock_monotonic();
	size_t bytes = 0, seen = 0;
	bool enough = false, late = false;
	int code = SQLITE_DONE;

	while (!enough && !late && seen < FIND_WINDOW && (code = sqlite3_step(statement)) == SQLITE_ROW) {
		struct dm_stored_message stored = stored_from_row(statement);

		enough = find->max_bytes > 0 && bytes >= find->max_bytes;
		if (enough) /* it is the first one of the next page */
			break;
		seen++;
		newest = stored.message.sent_at > newest ? stored.message.sent_at : newest;
		find->next_position = stored.message.sent_at;
		find->next_row_id = stored.message.id;
		if (!is_wanted(find, stored.message.sent_at)) {
			late = clock_monotonic() - began > FIND_TIME;
			continue;
		}
		bytes += stored.message.content.length;
		enough = !find->on_message(operation->context, &stored) || ++rows == limit;
	}
	find->more = enough || ((late || seen == FIND_WINDOW) && newest >= find->since - DISORDER);
	return session_finish(session, statement, code, &operation->error);
}

/* ---- all messages of a user ---------------------------------------------------------------------------------- */

enum dm_status user_messages(struct sqlite_session *session, struct dm_operation *operation)
{
	struct dm_op_user_messages *walk = &operation->user_messages;
	enum erasure_phase phase = walk_begin(walk);
	sqlite3_stmt *statement = session->statements[phase == ERASURE_SENT ? STORED_SENT : STORED_RECEIVED];
	bool enough = false;
	size_t bytes = 0;
	int64_t rows = 0, limit = rows_to_find(walk->limit);
	int code = SQLITE_DONE;

	sqlite3_bind_int64(statement, 1, walk->user_id);
	sqlite3_bind_int64(statement, 2, walk->internal.id);
	sqlite3_bind_int64(statement, 3, limit);
	while (!enough && (code = sqlite3_step(statement)) == SQLITE_ROW) {
		struct dm_stored_message stored = stored_from_row(statement);

		walk->internal.id = stored.message.id;
		bytes += stored.message.content.length;
		enough = ++rows == limit || (walk->max_bytes > 0 && bytes >= walk->max_bytes);
		if (!walk->on_message(operation->context, &stored)) {
			walk->internal.phase = ERASURE_ENDS; /* no more are wanted */
			break;
		}
	}
	walk_go_on(walk, enough && walk->internal.phase != ERASURE_ENDS, true);
	return session_finish(session, statement, code, &operation->error);
}
