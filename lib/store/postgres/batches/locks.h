/* SPDX-License-Identifier: MIT */
/* locks.h - which rows a write locks: in which order a batch takes them, and which ones other transactions hold. */
#ifndef LOCKS_H
#define LOCKS_H

#include "directmessages.h"

#include "attributes.h"

/* Sorts a batch so that all servers lock rows in one order: then none waits for another that waits for it. Sends come
 * first, in the order in which they came. */
void pg_order(struct dm_operation **operations, size_t count);

/* A row, or several that are locked together. */
struct lock_key {
	int group;
	int64_t first, second;
};

#define HELD_MOST 32

/* Rows that were seen to be held by other transactions a moment ago. */
struct held_rows {
	struct {
		struct lock_key key;
		int64_t until; /* by the monotonic clock */
	} rows[HELD_MOST];
	size_t next; /* the place of the next one, also where that is taken */
};

/* Notes the rows that the operation locks, or that user's. */
void held_note(struct held_rows *held, const struct dm_operation *operation);
void held_note_user(struct held_rows *held, int64_t user_id);

/* Whether the operation would lock a row that was noted within the last second. */
MUST_CHECK bool held_needs(const struct held_rows *held, const struct dm_operation *operation);

#endif
