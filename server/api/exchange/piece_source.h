/* SPDX-License-Identifier: MIT */
/* piece_source.h - a body of any length that operations read piece by piece: a body source, of which the next piece is
 * read when the client has taken the one before. */
#ifndef PIECE_SOURCE_H
#define PIECE_SOURCE_H

#include "exchange.h"

struct piece_source {
	/* Fills in the operation's kind and arguments, but for `done` and `context`: the context is this source. What
	 * it lends is written into `piece`. */
	void (*begin)(struct piece_source *source);
	/* The operation is done: completes the piece, and says whether it is the last one. On any thread. */
	void (*end)(struct piece_source *source);
	struct dm_operation operation;
	struct buffer piece;
	bool is_last;

	/* its own */
	struct request *request;
	dm *handle;
	enum { PIECE_SENDING, PIECE_READING, PIECE_LAST } state;
	size_t sent; /* bytes of the piece */
};

/* Makes `body` of a source that stands at the beginning of memory of the caller's, from malloc: body->release frees it.
 */
void piece_source_init(struct piece_source *source, struct http_body_source *body, const struct exchange *exchange);

#endif
