/* SPDX-License-Identifier: MIT */
/* piece_queue.h - the later pieces of long work, one of which runs at a time, and rests behind them.
 *
 * Another process that waits for SQLite's lock looks for it now and then: up to a tenth of a second passes between two
 * looks. Pieces that run back to back leave it free for moments alone, and that process would seldom get it. */
#ifndef PIECE_QUEUE_H
#define PIECE_QUEUE_H

#include "attributes.h"
#include "directmessages.h"

/* Times are microseconds of clock_monotonic(). */
struct piece_queue {
	struct dm_operation *first;
	struct dm_operation **last;
	int64_t busy_since; /* pieces run since then, with no more than rests between them */
	int64_t ended_at;   /* when the newest piece had run */
	int64_t due_at;     /* none runs before; INT64_MAX: while one is running */
	bool was_last;      /* what ran last was a piece */
};

void piece_queue_init(struct piece_queue *queue);

void piece_queue_add(struct piece_queue *queue, struct dm_operation *piece);

/* Whether a piece may run now. `other` is the first operation that waits and is no piece, or NULL: it comes first if it
 * was queued before, and after each piece. */
MUST_CHECK bool piece_queue_is_due(const struct piece_queue *queue, const struct dm_operation *other, int64_t now);

/* Takes the first one out. */
struct dm_operation *piece_queue_pop(struct piece_queue *queue);

/* The same, and it is run now: no other one is due until piece_queue_ran. */
struct dm_operation *piece_queue_start(struct piece_queue *queue);

/* A batch has run: one piece, or others. */
void piece_queue_ran(struct piece_queue *queue, bool was_piece, int64_t began, int64_t ended);

#endif
