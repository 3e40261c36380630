/* SPDX-License-Identifier: MIT */
/* block.c - whom a user blocks. */
#include "nouns.h"

#include "clock.h"
#include "failure.h"

/* $1 user, $2 position, $3 row id, $4 limit, $5 offset. */
#define PAGE(compare, direction) \
	"SELECT u.*, b.blocked_at FROM (SELECT blocked_id, blocked_at FROM directmessages_block WHERE user_id = $1::bigint" \
	" AND (blocked_at, blocked_id) " compare " ($2::bigint, $3::bigint) ORDER BY blocked_at " direction \
	", blocked_id " direction ") b CROSS JOIN LATERAL (SELECT " USER_COLUMNS \
	" FROM {users} u WHERE {u.id} = b.blocked_id OFFSET 0) u ORDER BY b.blocked_at " direction \
	", b.blocked_id " direction " LIMIT $4::bigint OFFSET $5::bigint"

const struct pg_statement_text pg_block_statements[] = {
	/* Each of a user's blocks has a time of its own, so that a page can begin behind it. */
	{BLOCK_INSERT,
	 "WITH pair AS MATERIALIZED (SELECT 1 FROM {users} u WHERE {u.id} = $1::bigint"
	 " AND EXISTS (SELECT 1 FROM {users} u WHERE {u.id} = $2::bigint)),"
	 " made AS (INSERT INTO directmessages_block (user_id, blocked_id, blocked_at)"
	 " SELECT $1::bigint, $2::bigint, greatest($3::bigint, (SELECT blocked_at + 1 FROM directmessages_block"
	 " WHERE user_id = $1::bigint ORDER BY blocked_at DESC, blocked_id DESC LIMIT 1)) FROM pair ON CONFLICT DO NOTHING)"
	 " SELECT EXISTS (SELECT 1 FROM pair)"},
	{BLOCK_DELETE, "DELETE FROM directmessages_block WHERE user_id = $1::bigint AND blocked_id = $2::bigint"},
	{BLOCKS_DOWN, PAGE("<", "DESC")},
	{BLOCKS_UP, PAGE(">", "ASC")},
	{0},
};

enum pg_statement pg_block_user(struct dm_operation *operation, struct parameters *parameters)
{
	pg_add_int(parameters, operation->block.user_id);
	pg_add_int(parameters, operation->block.blocked_id);
	pg_add_int(parameters, clock_now());
	return BLOCK_INSERT;
}

enum dm_status pg_read_block(const struct postgres *postgres, struct dm_operation *operation, struct row_set *set)
{
	(void)postgres;
	if (!pg_bool(set->result, 0, 0))
		return fail(&operation->error, DM_NOT_FOUND, "there is no such user");
	return DM_OK;
}

enum pg_statement pg_unblock_user(struct dm_operation *operation, struct parameters *parameters)
{
	pg_add_int(parameters, operation->unblock.user_id);
	pg_add_int(parameters, operation->unblock.blocked_id);
	return BLOCK_DELETE;
}

enum pg_statement pg_blocks_page(struct dm_operation *operation, struct parameters *parameters)
{
	const struct dm_page *page = &operation->blocks.page;
	int64_t first = page->reverse ? INT64_MIN : INT64_MAX, beyond_ids = page->reverse ? INT64_MAX : INT64_MIN;
	bool from_row = page->row_id != 0 && page->has_position && page->offset == 0;

	pg_add_int(parameters, operation->blocks.user_id);
	pg_add_int(parameters, page->has_position ? page->position : first);
	pg_add_int(parameters, from_row ? page->row_id : beyond_ids);
	pg_add_limit(parameters, page->limit);
	pg_add_offset(parameters, page->offset);
	return page->reverse ? BLOCKS_UP : BLOCKS_DOWN;
}

enum dm_status pg_read_blocks(const struct postgres *postgres, struct dm_operation *operation, struct row_set *set)
{
	int rows = PQntuples(set->result);

	(void)postgres;
	for (int row = 0; row < rows && !set->enough; row++) {
		struct dm_blocked blocked = {.user = pg_user_from_row(set->result, row),
					     .blocked_at = pg_int(set->result, row, USER_COLUMNS_COUNT)};

		set->enough = !operation->blocks.on_blocked(operation->context, &blocked);
	}
	return DM_OK;
}
