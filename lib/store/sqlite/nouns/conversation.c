/* SPDX-License-Identifier: MIT */
/* conversation.c - the messages between two users: pages of them, what is unread.
 *
 * A page merges two ranges: what the user sent (index directmessages_sent) and received (directmessages_received). The
 * indexes hold only visible messages, by time, and end with the row's id as every SQLite index does. So SQLite walks
 * both from the position, and stops at the limit. */
#include "nouns.h"

/* ?1 user, ?2 partner, ?3 position, ?4 row id, ?5 limit, ?6 offset. Each direction has a statement of its own, and so
 * have the rows at exactly the time of the position: by a row value SQLite would walk all of these. */
#define PAGE(range, direction) \
	"SELECT " MESSAGE_COLUMNS " FROM directmessages_message INDEXED BY directmessages_sent" \
	" WHERE sender_id = ?1 AND recipient_id = ?2 AND hidden_for_sender IS NULL AND " range \
	" UNION ALL SELECT " MESSAGE_COLUMNS " FROM directmessages_message INDEXED BY directmessages_received" \
	" WHERE recipient_id = ?1 AND sender_id = ?2 AND hidden_for_recipient IS NULL AND " range \
	" ORDER BY sent_at " direction ", id " direction " LIMIT ?5 OFFSET ?6"

#define UNREAD " FROM directmessages_message INDEXED BY directmessages_unread WHERE recipient_id = ?1"
#define IS_UNREAD " AND read_at IS NULL AND hidden_for_recipient IS NULL"

const struct sqlite_statement_text conversation_statements[] = {
	{CONVERSATION_OLDER, PAGE("sent_at < ?3", "DESC")},
	{CONVERSATION_OLDER_TIES, PAGE("sent_at = ?3 AND id < ?4", "DESC")},
	{CONVERSATION_NEWER, PAGE("sent_at > ?3", "ASC")},
	{CONVERSATION_NEWER_TIES, PAGE("sent_at = ?3 AND id > ?4", "ASC")},
	{CONVERSATION_ROW_TIME,
	 "SELECT sent_at FROM directmessages_message WHERE id = ?1"
	 " AND ((sender_id = ?2 AND recipient_id = ?3) OR (sender_id = ?3 AND recipient_id = ?2))"},
	/* Less those of blocked partners, whom few users have. */
	{UNREAD_COUNT,
	 "SELECT count(*) - (SELECT count(*) FROM directmessages_block b CROSS JOIN directmessages_message m"
	 " INDEXED BY directmessages_unread WHERE b.user_id = ?1 AND m.recipient_id = ?1"
	 " AND m.sender_id = b.blocked_id AND m.read_at IS NULL AND m.hidden_for_recipient IS NULL)" UNREAD IS_UNREAD},
	{UNREAD_COUNT_FROM, "SELECT count(*)" UNREAD " AND sender_id = ?2" IS_UNREAD},
	{UNREAD_BY_PARTNER,
	 "SELECT sender_id, (SELECT {u.username} FROM {users} u WHERE {u.id} = directmessages_message.sender_id),"
	 " count(*)" UNREAD IS_UNREAD
	 " GROUP BY sender_id HAVING NOT EXISTS " BLOCK("?1", "sender_id") " ORDER BY sender_id"},
	{UNREAD_MESSAGES, "SELECT " MESSAGE_COLUMNS UNREAD IS_UNREAD
			  " AND NOT EXISTS " BLOCK("?1", "sender_id") " ORDER BY sent_at, id"},
	{0},
};

/* Where a page starts: behind (position, row_id), or without row_id `offset` rows behind position. */
struct page_start {
	bool has_position;
	int64_t position;
	int64_t row_id;
	uint64_t offset;
};

/* Finds where the page starts. A row id says that exactly, and the cursor holds its time, unless it counts rows from an
 * earlier position; then the time is looked up. If that row is gone the page starts where the cursor counts to. */
static enum dm_status find_start(struct sqlite_session *session, struct dm_operation *operation,
				 struct page_start *start)
{
	const struct dm_page *page = &operation->conversation.page;
	sqlite3_stmt *statement = session->statements[CONVERSATION_ROW_TIME];
	int code;

	*start = (struct page_start){page->has_position, page->position, 0, page->offset};
	if (page->row_id == 0)
		return DM_OK;
	if (page->has_position && page->offset == 0) {
		start->row_id = page->row_id;
		return DM_OK;
	}
	sqlite3_bind_int64(statement, 1, page->row_id);
	sqlite3_bind_int64(statement, 2, operation->conversation.user_id);
	sqlite3_bind_int64(statement, 3, operation->conversation.partner_id);
	code = sqlite3_step(statement);
	if (code == SQLITE_ROW)
		*start = (struct page_start){true, column_time(statement, 0, 0), page->row_id, 0};
	return session_finish(session, statement, code, &operation->error);
}

static void bind_position(sqlite3_stmt *statement, const struct page_start *start, bool reverse)
{
	/* Without a position: beyond all times, which are texts that begin with a digit. */
	if (start->has_position)
		bind_time(statement, 3, start->position);
	else
		sqlite3_bind_text(statement, 3, reverse ? "" : "A", -1, SQLITE_STATIC);
}

static enum dm_status lend_range(struct sqlite_session *session, struct dm_operation *operation,
				 enum sqlite_statement which, const struct page_start *start, struct lending *lending)
{
	sqlite3_stmt *statement = session->statements[which];
	size_t limit = operation->conversation.page.limit;

	if (lending->enough || (limit > 0 && lending->rows >= limit))
		return DM_OK;
	sqlite3_bind_int64(statement, 1, operation->conversation.user_id);
	sqlite3_bind_int64(statement, 2, operation->conversation.partner_id);
	bind_position(statement, start, operation->conversation.page.reverse);
	if (sqlite3_bind_parameter_count(statement) >= 4)
		sqlite3_bind_int64(statement, 4, start->row_id);
	sqlite3_bind_int64(statement, 5, limit > 0 ? rows_of(limit - lending->rows) : -1);
	sqlite3_bind_int64(statement, 6, rows_of(start->offset));
	return messages_lend(session, statement, operation, lending);
}

enum dm_status conversation_page(struct sqlite_session *session, struct dm_operation *operation)
{
	const struct dm_op_conversation *page = &operation->conversation;
	struct lending lending = {.on_message = page->on_message, .max_bytes = page->page.max_bytes};
	bool reverse = page->page.reverse;
	enum dm_status status;
	struct page_start start;

	if (page->user_id == page->partner_id) /* no user has messages to themselves */
		return DM_OK;
	status = find_start(session, operation, &start);
	if (status == DM_OK && start.row_id != 0)
		status = lend_range(session, operation, reverse ? CONVERSATION_NEWER_TIES : CONVERSATION_OLDER_TIES,
				    &start, &lending);
	if (status == DM_OK)
		status = lend_range(session, operation, reverse ? CONVERSATION_NEWER : CONVERSATION_OLDER, &start,
				    &lending);
	return status;
}

enum dm_status unread_count(struct sqlite_session *session, struct dm_operation *operation)
{
	int64_t partner_id = operation->unread_count.partner_id;
	sqlite3_stmt *statement = session->statements[partner_id != 0 ? UNREAD_COUNT_FROM : UNREAD_COUNT];
	int code;

	sqlite3_bind_int64(statement, 1, operation->unread_count.user_id);
	if (partner_id != 0)
		sqlite3_bind_int64(statement, 2, partner_id);
	code = sqlite3_step(statement);
	operation->unread_count.count = code == SQLITE_ROW ? sqlite3_column_int64(statement, 0) : 0;
	return session_finish(session, statement, code, &operation->error);
}

enum dm_status unread_by_partner(struct sqlite_session *session, struct dm_operation *operation)
{
	sqlite3_stmt *statement = session->statements[UNREAD_BY_PARTNER];
	int code;

	sqlite3_bind_int64(statement, 1, operation->unread_by_partner.user_id);
	while ((code = sqlite3_step(statement)) == SQLITE_ROW) {
		struct dm_unread unread = {
			.partner_id = sqlite3_column_int64(statement, 0),
			.partner_username = column_text(statement, 1),
			.count = sqlite3_column_int64(statement, 2),
		};

		if (!operation->unread_by_partner.on_unread(operation->context, &unread))
			break;
	}
	return session_finish(session, statement, code, &operation->error);
}

enum dm_status unread_messages(struct sqlite_session *session, struct dm_operation *operation)
{
	sqlite3_stmt *statement = session->statements[UNREAD_MESSAGES];
	struct lending lending = {.on_message = operation->unread_messages.on_message};

	sqlite3_bind_int64(statement, 1, operation->unread_messages.user_id);
	return messages_lend(session, statement, operation, &lending);
}
