/* SPDX-License-Identifier: MIT */
/* batch.c - a batch: what is late, reads, writes. */
#include "batch.h"

#include "clock.h"
#include "flush.h"
#include "lane.h"
#include "operation_kinds.h"
#include "read.h"
#include "ready.h"
#include "standby.h"
#include "write.h"

static void check_schema(struct pg_session *session, struct dm_operation *operation, int64_t deadline)
{
	operation->status = pg_session_check_schema(session, deadline, &operation->error);
	lane_complete(&session->postgres->options, operation);
}

/* Refuses what has waited too long, and moves reads to the front. Gives how many operations are left, of which *reads
 * are reads. */
static size_t sort(struct pg_session *session, struct dm_operation **operations, size_t count, int64_t now,
		   size_t *reads)
{
	struct dm_operation *writes[LANE_MAX_BATCH];
	size_t writes_count = 0;

	*reads = 0;
	for (size_t i = 0; i < count; i++) {
		struct dm_operation *operation = operations[i];

		if (now - operation->internal.queued_at > session->postgres->limits.queue && session->primary)
			standby_is_late(session, operation);
		else if (now - operation->internal.queued_at > session->postgres->limits.queue)
			lane_fail(&session->postgres->options, &operation, 1, &lane_late);
		else if (operation->kind == DM_OP_CHECK_SCHEMA)
			check_schema(session, operation, now + session->postgres->limits.batch);
		else if (operation_is_read(operation) || pg_is_question(session, operation))
			operations[(*reads)++] = operation;
		else
			writes[writes_count++] = operation;
	}
	for (size_t i = 0; i < writes_count; i++)
		operations[*reads + i] = writes[i];
	return *reads + writes_count;
}

void pg_batch_rest(void *session)
{
	session_complete_done(session);
}

void pg_batch_run(void *session_pointer, struct dm_operation **operations, size_t count)
{
	struct pg_session *session = session_pointer;
	int64_t now = clock_monotonic(), deadline = now + session->postgres->limits.batch;
	size_t reads;

	count = sort(session, operations, count, now, &reads);
	pg_read(session, operations, reads, deadline);
	if (count > reads)
		pg_write(session, operations + reads, count - reads, deadline);
}
