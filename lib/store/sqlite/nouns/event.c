/* SPDX-License-Identifier: MIT */
/* event.c - the event log: one row for each message that was sent, marked or hidden, in the order of commits.
 *
 * There is one writer, so ids are in the order of commits, and a reader that has seen a row has seen all before it.
 * `at` is microseconds since 1970.
 *
 * Where the file is replaced by an older copy the same ids are given to other events. So a position also holds its
 * row's mark, which differs from that of another event at the same place. */
#include "nouns.h"

#include "event_match.h"
#include "failure.h"
#include "position_key.h"

/* How many rows are deleted at once: about 10 ms. */
#define MAX_TRIM "5000"

#define LOG "directmessages_event"

#define EPOCH "(SELECT epoch FROM directmessages_event_log)"

/* The first row that stays: by number; by time, which is looked up only for rows that may be deleted; because an active
 * endpoint has not been given it yet; or because enough others are deleted. */
#define FIRST_KEPT \
	"min((SELECT max(id) FROM " LOG "), (SELECT min(id) FROM " LOG ") + " MAX_TRIM \
	", coalesce((SELECT min(position) + 1 FROM directmessages_webhook WHERE is_active), 9223372036854775807)" \
	", max((SELECT max(id) FROM " LOG ") - ?1 + 1, coalesce((SELECT id FROM (SELECT id, at FROM " LOG \
	" ORDER BY id LIMIT " MAX_TRIM ") WHERE at >= ?2" \
	" ORDER BY id LIMIT 1), 9223372036854775807)))"

const struct sqlite_statement_text event_statements[] = {
	{EVENT_INSERT, "INSERT INTO " LOG " (kind, message_id, sender_id, recipient_id, at, nonce, traceparent)"
		       " VALUES (?1, ?2, ?3, ?4, ?5, random(), ?6)"},
	/* Columns 0 to 5 are those of message_from_row; NULL where the message is gone. The id alone does not identify
	 * a message: where Django empties its tables (manage.py flush), ids start from 1, and this log stays. */
	{EVENTS_FROM,
	 "SELECT m.id, m.sender_id, m.recipient_id, m.sent_at, m.read_at, m.content, e.id, e.kind, e.at, e.sender_id,"
	 " e.recipient_id, m.hidden_for_sender IS NOT NULL, m.hidden_for_recipient IS NOT NULL, e.nonce, " EPOCH
	 ", e.origin, e.message_id"
	 " FROM " LOG " e"
	 " LEFT JOIN directmessages_message m ON m.id = e.message_id AND m.sender_id = e.sender_id"
	 " AND m.recipient_id = e.recipient_id WHERE e.id >= ?1 ORDER BY e.id LIMIT ?2"},
	{EVENTS_NEWEST, "SELECT e.id, e.nonce, l.epoch, l.position_key FROM directmessages_event_log l"
			" LEFT JOIN (SELECT id, nonce FROM " LOG " ORDER BY id DESC LIMIT 1) e LIMIT 1"},
	{EVENTS_OLD, "SELECT 1 FROM " LOG " WHERE id < " FIRST_KEPT " LIMIT 1"},
	{EVENTS_TRIM, "DELETE FROM " LOG " WHERE id < " FIRST_KEPT},
	{EVENTS_NEW_EPOCH, NEW_EPOCH},
	{0},
};

enum dm_status event_record(struct sqlite_session *session, struct dm_operation *operation, int kind,
			    const struct dm_message *message, int64_t at)
{
	sqlite3_stmt *statement = session->statements[EVENT_INSERT];

	if (!session->options->record_events)
		return DM_OK;
	session->recorded = true;
	sqlite3_bind_int(statement, 1, kind);
	sqlite3_bind_int64(statement, 2, message->id);
	sqlite3_bind_int64(statement, 3, message->sender_id);
	sqlite3_bind_int64(statement, 4, message->recipient_id);
	sqlite3_bind_int64(statement, 5, at);
	if (operation->traceparent.length > 0)
		bind_text(statement, 6, operation->traceparent);
	else
		sqlite3_bind_null(statement, 6);
	return session_step_done(session, statement, &operation->error);
}

/* The position of a row: `id` is the column of its id, `nonce` that of its nonce, which the log's epoch follows. */
static struct dm_event_position position_from_row(sqlite3_stmt *row, int id, int nonce)
{
	return (struct dm_event_position){
		.id = sqlite3_column_int64(row, id),
		.mark = (sqlite3_column_int64(row, nonce) ^ sqlite3_column_int64(row, nonce + 1)) & INT64_MAX,
	};
}

static bool is_same(const struct dm_event_position *a, const struct dm_event_position *b)
{
	return a->transaction == b->transaction && a->id == b->id && a->mark == b->mark;
}

static struct event_row event_row_from(sqlite3_stmt *row)
{
	return (struct event_row){
		.kind = sqlite3_column_int64(row, 7),
		.at = sqlite3_column_int64(row, 8),
		.message_id = sqlite3_column_int64(row, 16),
		.sender_id = sqlite3_column_int64(row, 9),
		.recipient_id = sqlite3_column_int64(row, 10),
		.has_message = sqlite3_column_type(row, 0) != SQLITE_NULL,
	};
}

/* Lends the row's event if the reader wants it. False: the reader wants no more. */
static bool lend(struct dm_operation *operation, sqlite3_stmt *row, size_t *bytes)
{
	struct event_row found = event_row_from(row);
	struct dm_event event = {
		.position = operation->events.position,
		.message = message_from_row(row),
		.hidden_for_sender = sqlite3_column_int(row, 11) != 0,
		.hidden_for_recipient = sqlite3_column_int(row, 12) != 0,
		.origin = origin_of(sqlite3_column_int(row, 15)),
	};

	if (!event_complete(&event, &found) || !event_is_wanted(&event, &operation->events))
		return true;
	*bytes += event.message.content.length;
	return operation->events.on_event(operation->context, &event);
}

enum dm_status events_read(struct sqlite_session *session, struct dm_operation *operation)
{
	sqlite3_stmt *statement = session->statements[EVENTS_FROM];
	struct dm_op_events *events = &operation->events;
	struct dm_event_position first;
	size_t limit = events->limit, bytes = 0;
	enum dm_status status;
	bool enough = false;
	int code;

	events->position = events->after;
	events->count = 0;
	events->is_cut = false;
	sqlite3_bind_int64(statement, 1, events->after.id);
	sqlite3_bind_int64(statement, 2, limit > 0 ? rows_of(limit) + 1 : -1);
	code = sqlite3_step(statement);
	/* The log is trimmed from its start. So if the row of the position is there, none behind it was deleted. */
	first = code == SQLITE_ROW ? position_from_row(statement, 6, 13) : (struct dm_event_position){0};
	if (code == SQLITE_DONE || (code == SQLITE_ROW && !is_same(&first, &events->after)))
		fail(&operation->error, DM_NOT_FOUND, "the event log does not hold this position, or no longer does");
	while (operation->error.status == DM_OK && !enough && code == SQLITE_ROW &&
	       (code = sqlite3_step(statement)) == SQLITE_ROW) {
		events->is_cut = enough = events->max_bytes > 0 && bytes >= events->max_bytes;
		if (enough)
			break;
		events->position = position_from_row(statement, 6, 13);
		events->count++;
		enough = !lend(operation, statement, &bytes);
	}
	status = session_finish(session, statement, code, &operation->error);
	return operation->error.status != DM_OK ? operation->error.status : status;
}

enum dm_status events_newest(struct sqlite_session *session, struct dm_operation *operation)
{
	sqlite3_stmt *statement = session->statements[EVENTS_NEWEST];
	struct dm_op_events_newest *newest = &operation->events_newest;
	int code = sqlite3_step(statement);
	enum dm_status status;

	newest->position = (struct dm_event_position){0};
	if (code == SQLITE_ROW && sqlite3_column_type(statement, 0) != SQLITE_NULL)
		newest->position = position_from_row(statement, 0, 1);
	if (code == SQLITE_ROW || code == SQLITE_DONE)
		(void)position_key_copy(operation,
					code == SQLITE_ROW ? column_text(statement, 3) : (struct dm_text){0});
	status = session_finish(session, statement, code, &operation->error);
	return operation->error.status != DM_OK ? operation->error.status : status;
}

static void bind_what_to_keep(sqlite3_stmt *statement, const struct dm_operation *operation)
{
	sqlite3_bind_int64(statement, 1, rows_to_keep(operation->events_trim.keep));
	sqlite3_bind_int64(statement, 2, operation->events_trim.before);
}

enum dm_status events_have_old(struct sqlite_session *session, struct dm_operation *operation, bool *has)
{
	sqlite3_stmt *statement = session->statements[EVENTS_OLD];
	int code;

	bind_what_to_keep(statement, operation);
	code = sqlite3_step(statement);
	*has = code == SQLITE_ROW;
	return session_finish(session, statement, code, &operation->error);
}

enum dm_status events_trim(struct sqlite_session *session, struct dm_operation *operation)
{
	sqlite3_stmt *statement = session->statements[EVENTS_TRIM];
	enum dm_status status;

	bind_what_to_keep(statement, operation);
	status = session_step_done(session, statement, &operation->error);
	operation->events_trim.removed = status == DM_OK ? sqlite3_changes(session->db) : 0;
	return status;
}

enum dm_status events_new_epoch(struct sqlite_session *session, struct dm_operation *operation)
{
	return session_step_done(session, session->statements[EVENTS_NEW_EPOCH], &operation->error);
}
