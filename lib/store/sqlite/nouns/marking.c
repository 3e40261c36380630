/* SPDX-License-Identifier: MIT */
/* marking.c - marking messages as read and as unread, a piece at a time. */
#include "nouns.h"

#include "clock.h"
#include "event_match.h"
#include "failure.h"
#include "lane.h"

#define UNREAD " FROM directmessages_message INDEXED BY directmessages_unread WHERE recipient_id = ?1"
#define IS_UNREAD " AND read_at IS NULL AND hidden_for_recipient IS NULL"
#define RECEIVED \
	" FROM directmessages_message INDEXED BY directmessages_received WHERE recipient_id = ?1 AND sender_id = ?2" \
	" AND hidden_for_recipient IS NULL"

const struct sqlite_statement_text marking_statements[] = {
	{MESSAGE_MARK_READ, "UPDATE directmessages_message SET read_at = ?2 WHERE id = ?1 AND read_at IS NULL"
			    " RETURNING " MESSAGE_COLUMNS},
	{MESSAGE_MARK_UNREAD, "UPDATE directmessages_message SET read_at = NULL WHERE id = ?1 AND read_at IS NOT NULL"
			      " RETURNING " MESSAGE_COLUMNS},
	{UNREAD_EXISTS,
	 "SELECT 1" UNREAD " AND sender_id = ?2" IS_UNREAD " AND NOT EXISTS " BLOCK("?1", "?2") " LIMIT 1"},
	{ANY_UNREAD_EXISTS, "SELECT 1" UNREAD IS_UNREAD " AND NOT EXISTS " BLOCK("?1", "sender_id") " LIMIT 1"},
	/* The index ends with the row's id, which grows as messages are stored. */
	{CONVERSATION_UNREAD_IDS,
	 "SELECT id, sent_at" UNREAD " AND sender_id = ?2" IS_UNREAD " AND id > ?3 AND id <= ?4 ORDER BY id LIMIT ?5"},
	{ALL_UNREAD_IDS,
	 "SELECT id, sender_id" UNREAD IS_UNREAD " AND sender_id >= ?2 AND id <= ?3 AND NOT EXISTS " BLOCK(
		 "?1", "sender_id") " ORDER BY sender_id, id LIMIT ?4"},
	{RECEIVED_NEWEST, "SELECT id, read_at IS NOT NULL" RECEIVED " ORDER BY sent_at DESC, id DESC LIMIT 1"},
	/* From behind (?3, ?4) on: those of exactly that time, then the later ones. */
	{RECEIVED_FROM, "SELECT id, sent_at, read_at IS NOT NULL" RECEIVED " AND sent_at = ?3 AND id > ?4 AND id <= ?5"
			" UNION ALL SELECT id, sent_at, read_at IS NOT NULL" RECEIVED " AND sent_at > ?3 AND id <= ?5"
			" ORDER BY 2, 1 LIMIT ?6"},
	{0},
};

/* The messages of a piece. */
struct marking_piece {
	int64_t ids[MARK_ROWS];
	size_t count, room; /* at most MARK_ROWS */
	size_t max_bytes;   /* of content */
	bool goes_on;       /* there may be more behind the last one that was looked at */
};

static void piece_init(struct marking_piece *piece, bool is_first)
{
	piece->count = 0;
	piece->room = is_first ? MARK_FIRST_ROWS : MARK_ROWS;
	piece->max_bytes = is_first ? MARK_FIRST_BYTES : MARK_BYTES;
	piece->goes_on = false;
}

/* ---- single messages ----------------------------------------------------------------------------------------- */

/* Runs an UPDATE of one message that may change it, and records that. */
static enum dm_status change(struct sqlite_session *session, struct dm_operation *operation, sqlite3_stmt *statement,
			     int64_t unread_at, struct marked *marked)
{
	bool reads = unread_at == 0;
	enum dm_status status = DM_OK;
	int code = sqlite3_step(statement);

	if (code == SQLITE_ROW) {
		struct dm_message message = message_from_row(statement);
		/* No message is marked as unread at the time when it was sent: see event_match.h. */
		int64_t at = reads ? message.read_at : unread_at > message.sent_at ? unread_at : message.sent_at + 1;

		marked->count++;
		marked->bytes += message.content.length;
		status = !reads || session->options->changed(operation, &message)
				 ? event_record(session, operation, reads ? EVENT_READ : EVENT_UNREAD, &message, at)
				 : fail(&operation->error, DM_NO_MEMORY, "out of memory");
		if (status == DM_OK) /* to the end: RETURNING gives its rows before the UPDATE is done */
			code = sqlite3_step(statement);
	}
	if (status == DM_OK)
		return session_finish(session, statement, code, &operation->error);
	sqlite3_reset(statement);
	return status;
}

enum dm_status message_mark(struct sqlite_session *session, struct dm_operation *operation, int64_t id, int64_t read_at,
			    struct marked *marked)
{
	sqlite3_stmt *statement = session->statements[MESSAGE_MARK_READ];

	sqlite3_bind_int64(statement, 1, id);
	bind_time(statement, 2, read_at);
	return change(session, operation, statement, 0, marked);
}

static enum dm_status message_unmark(struct sqlite_session *session, struct dm_operation *operation, int64_t id,
				     int64_t at, struct marked *marked)
{
	sqlite3_stmt *statement = session->statements[MESSAGE_MARK_UNREAD];

	sqlite3_bind_int64(statement, 1, id);
	return change(session, operation, statement, at, marked);
}

/* ---- as read ------------------------------------------------------------------------------------------------- */

static enum dm_status has_row(struct sqlite_session *session, struct dm_operation *operation, sqlite3_stmt *statement,
			      bool *has)
{
	int code = sqlite3_step(statement);

	*has = code == SQLITE_ROW;
	return session_finish(session, statement, code, &operation->error);
}

enum dm_status conversation_has_unread(struct sqlite_session *session, struct dm_operation *operation, bool *has)
{
	sqlite3_stmt *statement = session->statements[UNREAD_EXISTS];

	sqlite3_bind_int64(statement, 1, operation->mark_conversation_read.user_id);
	sqlite3_bind_int64(statement, 2, operation->mark_conversation_read.partner_id);
	return has_row(session, operation, statement, has);
}

enum dm_status all_has_unread(struct sqlite_session *session, struct dm_operation *operation, bool *has)
{
	sqlite3_stmt *statement = session->statements[ANY_UNREAD_EXISTS];

	sqlite3_bind_int64(statement, 1, operation->mark_all_read.user_id);
	return has_row(session, operation, statement, has);
}

/* The id of the last message that there is: what is stored from now on is not marked. */
static enum dm_status find_last(struct sqlite_session *session, struct dm_operation *operation, int64_t *last)
{
	sqlite3_stmt *statement = session->statements[MESSAGES_LAST_ID];
	int code = sqlite3_step(statement);

	*last = code == SQLITE_ROW ? sqlite3_column_int64(statement, 0) : 0;
	return session_finish(session, statement, code, &operation->error);
}

static bool is_within(const struct dm_op_mark_conversation_read *mark, int64_t sent_at, int64_t id)
{
	return !mark->has_last || sent_at < mark->last_sent_at ||
	       (sent_at == mark->last_sent_at && id <= mark->last_id);
}

/* Finds the messages of the piece, oldest first, and moves from_id behind all that were looked at. */
static enum dm_status find_unread(struct sqlite_session *session, struct dm_operation *operation,
				  struct marking_piece *piece)
{
	sqlite3_stmt *statement = session->statements[CONVERSATION_UNREAD_IDS];
	struct dm_op_mark_conversation_read *mark = &operation->mark_conversation_read;
	size_t seen = 0;
	int code = SQLITE_DONE;

	sqlite3_bind_int64(statement, 1, mark->user_id);
	sqlite3_bind_int64(statement, 2, mark->partner_id);
	sqlite3_bind_int64(statement, 3, mark->internal.from_id);
	sqlite3_bind_int64(statement, 4, mark->internal.last);
	sqlite3_bind_int64(statement, 5, MARK_WALK);
	while (piece->count < piece->room && (code = sqlite3_step(statement)) == SQLITE_ROW) {
		int64_t id = sqlite3_column_int64(statement, 0);

		seen++;
		mark->internal.from_id = id;
		if (is_within(mark, column_time(statement, 1, 0), id))
			piece->ids[piece->count++] = id;
	}
	piece->goes_on = code == SQLITE_ROW || seen == MARK_WALK;
	return session_finish(session, statement, code, &operation->error);
}

enum dm_status conversation_mark_read(struct sqlite_session *session, struct dm_operation *operation)
{
	struct dm_op_mark_conversation_read *mark = &operation->mark_conversation_read;
	struct marked marked = {.count = 0};
	struct marking_piece piece;
	enum dm_status status = DM_OK;
	bool has_unread = true;
	size_t done;

	piece_init(&piece, !mark->more);
	if (!mark->more) {
		mark->internal.read_at = clock_now();
		mark->internal.from_id = INT64_MIN;
		status = find_last(session, operation, &mark->internal.last);
	}
	if (status == DM_OK && !mark->more) /* the partner may have been blocked since that was asked */
		status = conversation_has_unread(session, operation, &has_unread);
	if (status == DM_OK && has_unread)
		status = find_unread(session, operation, &piece);
	for (done = 0; status == DM_OK && done < piece.count && marked.bytes < piece.max_bytes; done++)
		status = message_mark(session, operation, piece.ids[done], mark->internal.read_at, &marked);
	if (done > 0 && done < piece.count)
		mark->internal.from_id = piece.ids[done - 1];
	mark->marked = (int64_t)marked.count;
	mark->more = status == DM_OK && (done < piece.count || piece.goes_on);
	return status;
}

/* What was marked has left the index, so a piece begins where the one before has ended. */
static enum dm_status find_all_unread(struct sqlite_session *session, struct dm_operation *operation,
				      struct marking_piece *piece)
{
	sqlite3_stmt *statement = session->statements[ALL_UNREAD_IDS];
	struct dm_op_mark_all_read *mark = &operation->mark_all_read;
	int code = SQLITE_DONE;

	sqlite3_bind_int64(statement, 1, mark->user_id);
	sqlite3_bind_int64(statement, 2, mark->internal.partner);
	sqlite3_bind_int64(statement, 3, mark->internal.last_id);
	sqlite3_bind_int64(statement, 4, (int64_t)piece->room);
	while (piece->count < piece->room && (code = sqlite3_step(statement)) == SQLITE_ROW) {
		if (piece->count == 0) /* at least: the piece may end before its last message */
			mark->internal.partner = sqlite3_column_int64(statement, 1);
		piece->ids[piece->count++] = sqlite3_column_int64(statement, 0);
	}
	piece->goes_on = code == SQLITE_ROW;
	return session_finish(session, statement, code, &operation->error);
}

enum dm_status all_mark_read(struct sqlite_session *session, struct dm_operation *operation)
{
	struct dm_op_mark_all_read *mark = &operation->mark_all_read;
	struct marked marked = {.count = 0};
	struct marking_piece piece;
	enum dm_status status = DM_OK;
	size_t done;

	piece_init(&piece, !mark->more);
	if (!mark->more) {
		mark->internal.read_at = clock_now();
		mark->internal.partner = INT64_MIN;
		status = find_last(session, operation, &mark->internal.last_id);
	}
	if (status == DM_OK)
		status = find_all_unread(session, operation, &piece);
	for (done = 0; status == DM_OK && done < piece.count && marked.bytes < piece.max_bytes; done++)
		status = message_mark(session, operation, piece.ids[done], mark->internal.read_at, &marked);
	mark->marked = (int64_t)marked.count;
	mark->more = status == DM_OK && (done < piece.count || piece.goes_on);
	return status;
}

/* ---- as unread ----------------------------------------------------------------------------------------------- */

/* The newest message from the partner; *id is 0 where there is none, or it is unread. */
static enum dm_status find_newest_read(struct sqlite_session *session, struct dm_operation *operation, int64_t *id)
{
	sqlite3_stmt *statement = session->statements[RECEIVED_NEWEST];
	int code;

	*id = 0;
	sqlite3_bind_int64(statement, 1, operation->mark_unread.user_id);
	sqlite3_bind_int64(statement, 2, operation->mark_unread.partner_id);
	code = sqlite3_step(statement);
	if (code == SQLITE_ROW && sqlite3_column_int(statement, 1) != 0)
		*id = sqlite3_column_int64(statement, 0);
	return session_finish(session, statement, code, &operation->error);
}

enum dm_status conversation_newest_is_read(struct sqlite_session *session, struct dm_operation *operation, bool *has)
{
	enum dm_status status = DM_OK;
	int64_t newest = 0;

	if (!operation->mark_unread.has_first)
		status = find_newest_read(session, operation, &newest);
	*has = operation->mark_unread.has_first || newest != 0;
	return status;
}

/* Finds the messages of the piece, oldest first, and moves the position behind all that were looked at. */
static enum dm_status find_read(struct sqlite_session *session, struct dm_operation *operation,
				struct marking_piece *piece, int64_t times[MARK_ROWS])
{
	sqlite3_stmt *statement = session->statements[RECEIVED_FROM];
	struct dm_op_mark_unread *mark = &operation->mark_unread;
	size_t seen = 0;
	int code = SQLITE_DONE;

	sqlite3_bind_int64(statement, 1, mark->user_id);
	sqlite3_bind_int64(statement, 2, mark->partner_id);
	bind_time(statement, 3, mark->internal.from_time);
	sqlite3_bind_int64(statement, 4, mark->internal.from_id);
	sqlite3_bind_int64(statement, 5, mark->internal.last);
	sqlite3_bind_int64(statement, 6, MARK_WALK);
	while (piece->count < piece->room && (code = sqlite3_step(statement)) == SQLITE_ROW) {
		seen++;
		mark->internal.from_id = sqlite3_column_int64(statement, 0);
		mark->internal.from_time = column_time(statement, 1, 0);
		if (sqlite3_column_int(statement, 2) == 0)
			continue;
		times[piece->count] = mark->internal.from_time;
		piece->ids[piece->count++] = mark->internal.from_id;
	}
	piece->goes_on = code == SQLITE_ROW || seen == MARK_WALK;
	return session_finish(session, statement, code, &operation->error);
}

static enum dm_status begin_unmarking(struct sqlite_session *session, struct dm_operation *operation)
{
	struct dm_op_mark_unread *mark = &operation->mark_unread;

	mark->internal.at = clock_now();
	mark->internal.from_time = mark->first_sent_at;
	mark->internal.from_id = mark->first_id - 1;
	return find_last(session, operation, &mark->internal.last);
}

static enum dm_status unmark_piece(struct sqlite_session *session, struct dm_operation *operation,
				   struct marked *marked)
{
	struct dm_op_mark_unread *mark = &operation->mark_unread;
	int64_t times[MARK_ROWS];
	struct marking_piece piece;
	enum dm_status status = DM_OK;
	size_t done;

	piece_init(&piece, !mark->more);
	if (!mark->more)
		status = begin_unmarking(session, operation);
	if (status == DM_OK)
		status = find_read(session, operation, &piece, times);
	for (done = 0; status == DM_OK && done < piece.count && marked->bytes < piece.max_bytes; done++)
		status = message_unmark(session, operation, piece.ids[done], mark->internal.at, marked);
	if (done > 0 && done < piece.count) {
		mark->internal.from_id = piece.ids[done - 1];
		mark->internal.from_time = times[done - 1];
	}
	mark->more = status == DM_OK && (done < piece.count || piece.goes_on);
	return status;
}

static enum dm_status unmark_newest(struct sqlite_session *session, struct dm_operation *operation,
				    struct marked *marked)
{
	int64_t newest;
	enum dm_status status = find_newest_read(session, operation, &newest);

	return status == DM_OK && newest != 0 ? message_unmark(session, operation, newest, clock_now(), marked)
					      : status;
}

enum dm_status conversation_mark_unread(struct sqlite_session *session, struct dm_operation *operation)
{
	struct marked marked = {.count = 0};
	enum dm_status status = operation->mark_unread.has_first ? unmark_piece(session, operation, &marked)
								 : unmark_newest(session, operation, &marked);

	operation->mark_unread.marked = (int64_t)marked.count;
	return status;
}
