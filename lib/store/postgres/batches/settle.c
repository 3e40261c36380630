/* SPDX-License-Identifier: MIT */
/* settle.c - the end of a batch that was committed.
 *
 * A send looks for blocks as its statement sees the database: as it was when the statement began. So after a block's
 * commit the sends of other servers may still be stored that began before it. They are known without any cost to them:
 * their transactions hold a lock on the table of messages, which they write, and on that of blocks, where they look,
 * and a statement has both before it begins to look. Django's transactions never touch the blocks, and a dump never
 * writes messages. A block is completed when none is left of those that were there behind its commit. */
#include "settle.h"

#include "clock.h"
#include "failure.h"
#include "lane.h"

#include <time.h>

/* Between two looks of a session that can't park, in nanoseconds. */
#define PAUSE 5000000

static const struct dm_error unknown = {
	DM_UNAVAILABLE, "the user is blocked, but it is not known whether a message is still on its way; try again"};

bool settle_is_left(const struct dm_operation *operation)
{
	return operation->kind == DM_OP_BLOCK && operation->block.internal.count > 0;
}

static bool is_among(const PGresult *result, uint64_t transaction)
{
	for (int row = 0; row < PQntuples(result); row++)
		if ((uint64_t)pg_int(result, row, 0) == transaction)
			return true;
	return false;
}

/* Notes the transactions that a block has to wait for. Those beyond the room are found when these are over: no list of
 * transactions is taken for complete unless it is empty. */
static void note_all(struct dm_op_block *block, const PGresult *result)
{
	int rows = PQntuples(result);

	block->internal.count = 0;
	for (int row = 0; row < rows && block->internal.count < ARRAY_LENGTH(block->internal.transactions); row++)
		block->internal.transactions[block->internal.count++] = (uint64_t)pg_int(result, row, 0);
}

/* Keeps those that are under way still. */
static void keep(struct dm_op_block *block, const PGresult *result)
{
	bool was_full = block->internal.count == ARRAY_LENGTH(block->internal.transactions);
	uint64_t left = 0;

	for (uint64_t i = 0; i < block->internal.count; i++)
		if (is_among(result, block->internal.transactions[i]))
			block->internal.transactions[left++] = block->internal.transactions[i];
	block->internal.count = left;
	if (left == 0 && was_full)
		note_all(block, result);
}

/* Asks which sends are under way. NULL: that can't be found out. */
static PGresult *ask(struct pg_session *session, int64_t deadline)
{
	struct dm_error ignored = {0};
	PGresult *result = NULL;

	session_send(session, SENDS_UNDER_WAY, NULL);
	session_sync(session);
	if (session_result(session, deadline, &result, &ignored) && PQresultStatus(result) != PGRES_TUPLES_OK) {
		PQclear(result);
		result = NULL;
	}
	if (session_drain(session, deadline, &ignored) != DM_OK) {
		session_lost(session);
		PQclear(result);
		result = NULL;
	}
	return result;
}

/* Looks once, for all blocks. */
static void look(struct pg_session *session, struct dm_operation **blocks, size_t count, int64_t deadline)
{
	PGresult *result = ask(session, deadline);

	for (size_t i = 0; i < count; i++) {
		struct dm_op_block *block = &blocks[i]->block;

		if (!result) {
			blocks[i]->status = unknown.status;
			blocks[i]->error = unknown;
			block->internal.count = 0;
		} else if (block->internal.count > 0) {
			keep(block, result);
		} else {
			note_all(block, result);
		}
	}
	PQclear(result);
}

/* Waits on this thread, where nothing can be parked. */
static void wait_for_sends(struct pg_session *session, struct dm_operation *block, int64_t deadline)
{
	static const struct timespec pause = {0, PAUSE};

	while (settle_is_left(block)) {
		if (clock_monotonic() > deadline) {
			block->block.internal.count = 0;
			block->status = fail(&block->error, DM_BUSY, "%s", lane_late.message);
			return;
		}
		nanosleep(&pause, NULL);
		look(session, &block, 1, deadline);
	}
}

static void complete(struct pg_session *session, struct dm_operation *operation)
{
	if (session->parking)
		session_complete_later(session, operation);
	else
		lane_complete(&session->postgres->options, operation);
}

void settle(struct pg_session *session, struct dm_operation **operations, size_t count, int64_t deadline)
{
	size_t blocks = 0;

	for (size_t i = 0; i < count; i++)
		if (operations[i]->kind == DM_OP_BLOCK && operations[i]->status == DM_OK)
			operations[blocks++] = operations[i];
		else
			complete(session, operations[i]);
	if (blocks > 0)
		look(session, operations, blocks, deadline);
	for (size_t i = 0; i < blocks; i++) {
		if (settle_is_left(operations[i]) && session->parking) {
			lane_park(session->parking, operations[i]);
			continue;
		}
		wait_for_sends(session, operations[i], deadline);
		lane_complete(&session->postgres->options, operations[i]);
	}
}
