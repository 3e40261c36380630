/* SPDX-License-Identifier: MIT */
/* text.h - texts to be sent on streams: one copy, however many streams it waits for. Not thread-safe: the hub's thread
 * alone uses it. */
#ifndef TEXT_H
#define TEXT_H

#include "buffer.h"

#include <sys/queue.h>
#include <sys/types.h>

struct text {
	struct buffer bytes; /* may be written to while there is one reference */
	size_t references;
	size_t charged; /* to the budget by text_charge, beside what the buffer charges */
};

/* An empty text with one reference, charged to the share. NULL: no memory. */
MUST_CHECK struct text *text_new(struct budget_share *share);

/* Exchanges a reference for an empty text, charged to the share: the same one if nobody else refers to it, else a new
 * one. `text` may be NULL. NULL: no memory; the reference is gone all the same. */
MUST_CHECK struct text *text_renew(struct text *text, struct budget_share *share);

/* Gives up a reference; the last one frees the text. NULL is fine. */
void text_release(struct text *text);

/* Prepares the text for a longer wait: frees what its buffer does not use and charges all of it, however small. False:
 * the budget has no room. */
MUST_CHECK bool text_charge(struct text *text);

/* Texts that wait to be sent. */
struct text_queue {
	STAILQ_HEAD(, text_piece) pieces;
	size_t waiting; /* bytes */
};

void text_queue_init(struct text_queue *queue);
void text_queue_clear(struct text_queue *queue);

/* Adds a reference to the text, as an HTTP chunk if wanted. An empty text is ignored. False: no memory. */
MUST_CHECK bool text_queue_add(struct text_queue *queue, struct text *text, bool is_chunk);

/* Sends what the socket takes. Returns the number of bytes; below 0: the connection is broken. */
MUST_CHECK ssize_t text_queue_send(struct text_queue *queue, int socket);

#endif
