/* SPDX-License-Identifier: MIT */
/* block_calls.c - the calls of blocks.h: each runs an operation and waits. */
#include "service.h"

enum dm_status dm_block(dm *handle, int64_t user_id, int64_t blocked_id, struct dm_error *error)
{
	struct dm_operation operation = {.kind = DM_OP_BLOCK, .block = {.user_id = user_id, .blocked_id = blocked_id}};

	return service_run(handle, &operation, error);
}

enum dm_status dm_unblock(dm *handle, int64_t user_id, int64_t blocked_id, struct dm_error *error)
{
	struct dm_operation operation = {.kind = DM_OP_UNBLOCK,
					 .unblock = {.user_id = user_id, .blocked_id = blocked_id}};

	return service_run(handle, &operation, error);
}

enum dm_status dm_blocks(dm *handle, int64_t user_id, dm_blocked_row *row, void *context, struct dm_error *error)
{
	struct dm_operation operation = {
		.kind = DM_OP_BLOCKS, .context = context, .blocks = {.user_id = user_id, .on_blocked = row}};

	return service_run(handle, &operation, error);
}
