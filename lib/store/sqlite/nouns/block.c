/* SPDX-License-Identifier: MIT */
/* block.c - whom a user blocks. */
#include "nouns.h"

#include "clock.h"
#include "failure.h"

/* ?1 user, ?2 position, ?3 row id, ?4 limit, ?5 offset. */
#define PAGE(compare, direction) \
	"SELECT " USER_COLUMNS ", b.blocked_at FROM directmessages_block b INDEXED BY directmessages_block_newest" \
	" CROSS JOIN {users} u ON {u.id} = b.blocked_id WHERE b.user_id = ?1 AND (b.blocked_at, b.blocked_id) " compare \
	" (?2, ?3) ORDER BY b.blocked_at " direction ", b.blocked_id " direction " LIMIT ?4 OFFSET ?5"

const struct sqlite_statement_text block_statements[] = {
	/* Each of a user's blocks has a time of its own, so that a page can begin behind it. */
	{BLOCK_INSERT,
	 "INSERT OR IGNORE INTO directmessages_block (user_id, blocked_id, blocked_at) VALUES (?1, ?2,"
	 " max(?3, ifnull((SELECT max(blocked_at) FROM directmessages_block WHERE user_id = ?1), 0) + 1))"},
	{BLOCK_DELETE, "DELETE FROM directmessages_block WHERE user_id = ?1 AND blocked_id = ?2"},
	{BLOCKS_DOWN, PAGE("<", "DESC")},
	{BLOCKS_UP, PAGE(">", "ASC")},
	{0},
};

enum dm_status block_user(struct sqlite_session *session, struct dm_operation *operation)
{
	static const struct dm_text by_id = {NULL, 0};
	const struct dm_op_block *block = &operation->block;
	sqlite3_stmt *statement = session->statements[BLOCK_INSERT];
	int64_t found;
	enum dm_status status = user_find(session, operation, by_id, block->user_id, &found);

	if (status == DM_OK)
		status = user_find(session, operation, by_id, block->blocked_id, &found);
	if (status != DM_OK)
		return status;
	sqlite3_bind_int64(statement, 1, block->user_id);
	sqlite3_bind_int64(statement, 2, block->blocked_id);
	sqlite3_bind_int64(statement, 3, clock_now());
	return session_step_done(session, statement, &operation->error);
}

enum dm_status unblock_user(struct sqlite_session *session, struct dm_operation *operation)
{
	sqlite3_stmt *statement = session->statements[BLOCK_DELETE];

	sqlite3_bind_int64(statement, 1, operation->unblock.user_id);
	sqlite3_bind_int64(statement, 2, operation->unblock.blocked_id);
	return session_step_done(session, statement, &operation->error);
}

enum dm_status blocks_page(struct sqlite_session *session, struct dm_operation *operation)
{
	const struct dm_page *page = &operation->blocks.page;
	sqlite3_stmt *statement = session->statements[page->reverse ? BLOCKS_UP : BLOCKS_DOWN];
	int64_t first = page->reverse ? INT64_MIN : INT64_MAX, beyond_ids = page->reverse ? INT64_MAX : INT64_MIN;
	bool from_row = page->row_id != 0 && page->has_position && page->offset == 0;
	int code;

	sqlite3_bind_int64(statement, 1, operation->blocks.user_id);
	sqlite3_bind_int64(statement, 2, page->has_position ? page->position : first);
	sqlite3_bind_int64(statement, 3, from_row ? page->row_id : beyond_ids);
	sqlite3_bind_int64(statement, 4, page->limit > 0 ? rows_of(page->limit) : -1);
	sqlite3_bind_int64(statement, 5, rows_of(page->offset));
	while ((code = sqlite3_step(statement)) == SQLITE_ROW) {
		struct dm_blocked blocked = {.user = user_from_row(statement),
					     .blocked_at = sqlite3_column_int64(statement, 6)};

		if (!operation->blocks.on_blocked(operation->context, &blocked))
			break;
	}
	return session_finish(session, statement, code, &operation->error);
}
