/* SPDX-License-Identifier: MIT */
/* piece_queue.c - the later pieces of long work, and the rests behind them. */
#include "piece_queue.h"

/* How much longer than a piece the rest behind it is. */
#define REST_FACTOR 2
#define MAX_REST INT64_C(200000)

/* Work that takes less needs no rest: somebody waits for most of it, as for a conversation that is marked as read. */
#define BURST INT64_C(250000)

/* So long after a piece the next one begins other work. */
#define IDLE INT64_C(1000000)

void piece_queue_init(struct piece_queue *queue)
{
	*queue = (struct piece_queue){.last = &queue->first, .ended_at = -IDLE};
}

void piece_queue_add(struct piece_queue *queue, struct dm_operation *piece)
{
	*queue->last = piece;
	queue->last = &piece->internal.next;
}

bool piece_queue_is_due(const struct piece_queue *queue, const struct dm_operation *other, int64_t now)
{
	if (!queue->first || now < queue->due_at)
		return false;
	return !other || (!queue->was_last && queue->first->internal.queued_at < other->internal.queued_at);
}

struct dm_operation *piece_queue_pop(struct piece_queue *queue)
{
	struct dm_operation *first = queue->first;

	queue->first = first->internal.next;
	if (!queue->first)
		queue->last = &queue->first;
	return first;
}

struct dm_operation *piece_queue_start(struct piece_queue *queue)
{
	queue->due_at = INT64_MAX;
	return piece_queue_pop(queue);
}

void piece_queue_ran(struct piece_queue *queue, bool was_piece, int64_t began, int64_t ended)
{
	int64_t rest = (ended - began) * REST_FACTOR;

	queue->was_last = was_piece;
	if (!was_piece)
		return;
	if (began - queue->ended_at >= IDLE)
		queue->busy_since = began;
	queue->ended_at = ended;
	queue->due_at = ended;
	if (ended - queue->busy_since > BURST)
		queue->due_at += rest < MAX_REST ? rest : MAX_REST;
}
