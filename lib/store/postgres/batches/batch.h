/* SPDX-License-Identifier: MIT */
/* batch.h - many operations at once, and what there is to do for each kind. */
#ifndef BATCH_H
#define BATCH_H

#include "nouns.h"

/* What there is to do for a kind of operation. */
struct kind {
	operation_ask *ask;
	operation_take *take;
	bool is_read;
	bool records;            /* it may write to the event log */
	operation_ask *question; /* of a write: a read whose answer has a row where there is something to write */
	bool is_list;            /* without a limit it may have any number of rows */
};
extern const struct kind pg_kinds[];

bool pg_operation_is_read(const struct dm_operation *operation);
bool pg_operation_has_question(const struct dm_operation *operation);

/* Gives each operation its result and completes it; reads first. For a lane (lane.h). */
void pg_batch_run(void *session, struct dm_operation **operations, size_t count);

#endif
