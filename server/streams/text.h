/* SPDX-License-Identifier: MIT */
/* text.h - what is sent on streams: one copy of a text, however many streams it waits for; the hub's thread's own. */
#ifndef TEXT_H
#define TEXT_H

#include "buffer.h"

#include <sys/queue.h>
#include <sys/types.h>

struct text {
	struct buffer bytes; /* written by who made it, until somebody else holds it too */
	size_t holders;
	size_t counted; /* in the budget, beside what the buffer counts by itself */
};

/* Empty, with one holder; NULL where there is no memory. What it holds is counted in the share. */
MUST_CHECK struct text *text_new(struct budget_share *share);

/* For who holds it and wants to write another: empty, the same if nobody else holds it, and the share's. NULL where
 * there is no memory; `text` may be NULL and is the caller's no more. */
MUST_CHECK struct text *text_renew(struct text *text, struct budget_share *share);

/* A holder less; the last one frees it. NULL is fine. */
void text_drop(struct text *text);

/* It will be held for a while: gives back the memory that it does not need and counts the rest, however small. False
 * where there is no room for it. */
MUST_CHECK bool text_settle(struct text *text);

/* Texts that wait to be sent. */
struct text_queue {
	STAILQ_HEAD(, text_piece) pieces;
	size_t waiting; /* bytes */
};

void text_queue_init(struct text_queue *queue);
void text_queue_clear(struct text_queue *queue);

/* Adds what is not empty, as one of HTTP's chunks if so told; false where there is no memory. */
MUST_CHECK bool text_queue_add(struct text_queue *queue, struct text *text, bool in_chunk);

/* Sends what the socket takes and gives the number of bytes; below 0 where the connection is broken. */
MUST_CHECK ssize_t text_queue_send(struct text_queue *queue, int socket);

#endif
