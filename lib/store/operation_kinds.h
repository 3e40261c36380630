/* SPDX-License-Identifier: MIT */
/* operation_kinds.h - what is true of each kind of operation, whatever the store; and the form of the tables that say
 * how each store runs them. */
#ifndef OPERATION_KINDS_H
#define OPERATION_KINDS_H

#include "attributes.h"
#include "directmessages.h"

/* A table of operations is written as a macro with a row for each kind, so that the compiler can count the rows:
 *
 *     #define RUN(ROW) ROW(DM_OP_NONE, refuse) ROW(DM_OP_SEND, message_send) ...
 *     static const struct kind kinds[] = {RUN(KIND_ROW)};
 *     KINDS_ARE_COMPLETE(RUN);
 *
 * A kind that is missing fails the assertion; one that stands twice is an error too (an initializer is overridden). A
 * table is read at operation_index(operation). */
#define KIND_ROW(kind, ...) [kind] = {__VA_ARGS__},
#define KIND_COUNT(kind, ...) +1
#define KINDS_ARE_COMPLETE(rows) \
	_Static_assert(0 rows(KIND_COUNT) == DM_OPERATION_KINDS, "a table of operations has one row for each kind")

/* The row of the operation in a table of operations: that of DM_OP_NONE if there is no such kind. */
size_t operation_index(const struct dm_operation *operation);

bool operation_is_read(const struct dm_operation *operation);

/* Whether it may write to the event log. */
bool operation_records_events(const struct dm_operation *operation);

/* Whether it may lend any number of rows. */
bool operation_is_unlimited(const struct dm_operation *operation);

/* Whether it is a later piece of work that was begun before. */
bool operation_is_continued(const struct dm_operation *operation);

/* Whether it is a piece of long work, which has a batch of its own and a rest behind it. */
bool operation_is_piece(const struct dm_operation *operation);

/* Bytes of text that it writes, but for names and the like. */
size_t operation_bytes(const struct dm_operation *operation);

/* Sets its results to zero. */
void operation_clear_results(struct dm_operation *operation);

#endif
