/* SPDX-License-Identifier: MIT */
/* locks.h - which rows a write locks: the order in which a batch locks them, and which ones other transactions hold. */
#ifndef LOCKS_H
#define LOCKS_H

#include "attributes.h"
#include "directmessages.h"

/* Sorts a batch so that all servers lock rows in the same order, and no two wait for each other. Sends come first, in
 * the order of their arrival. */
void pg_order(struct dm_operation **operations, size_t count);

/* Stands for a row, or for rows that are locked together. */
struct lock_key {
	int group;
	int64_t first, second;
};

#define MAX_HELD 32

/* Rows that other transactions held a moment ago. */
struct held_rows {
	struct {
		struct lock_key key;
		int64_t until; /* by the monotonic clock */
	} rows[MAX_HELD];
	size_t next;   /* the place of the next one, which overwrites what is there */
	int64_t until; /* the last `until` of all */
};

/* Notes that the rows which the operation locks are held; or that user's row. */
void held_note(struct held_rows *held, const struct dm_operation *operation);
void held_note_user(struct held_rows *held, int64_t user_id);

/* Whether any row was noted within the last second. Asked once for a batch: most of the time there is none. */
MUST_CHECK bool held_any(const struct held_rows *held);

/* Whether the operation would lock a row that was noted within the last second. */
MUST_CHECK bool held_needs(const struct held_rows *held, const struct dm_operation *operation);

#endif
