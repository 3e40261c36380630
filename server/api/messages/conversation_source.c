/* SPDX-License-Identifier: MIT */
/* conversation_source.c - a whole conversation as a JSON array. Each piece begins after the last message of the one
 * before, so that no message is sent twice or left out. */
#include "conversation_source.h"

#include "piece_source.h"
#include "shapes.h"

#include <stdlib.h>

/* A piece ends after this many messages, or with the message that makes it this long. */
#define MAX_PIECE_MESSAGES 200
#define MAX_PIECE_BYTES ((size_t)1 << 20)

struct conversation_source {
	struct piece_source pieces;
	int64_t user_id;
	int64_t partner_id;
	struct dm_page from; /* where the next piece starts */
	size_t rows;         /* messages in the piece */
	bool is_cut;         /* the piece ended by its bytes: there are more messages */
	bool has_begun;      /* a message was written */
};

static bool add_message(void *context, const struct dm_message *message)
{
	struct conversation_source *source = context;
	struct buffer *piece = &source->pieces.piece;

	source->is_cut = !message->content.data || piece->length >= MAX_PIECE_BYTES;
	if (source->is_cut) /* the next piece begins with this message */
		return false;
	buffer_append_char(piece, source->has_begun ? ',' : '[');
	source->has_begun = true;
	shape_message(piece, message, source->user_id);
	source->rows++;
	source->from.has_position = true;
	source->from.position = message->sent_at;
	source->from.row_id = message->id;
	return true;
}

static void begin_piece(struct piece_source *pieces)
{
	struct conversation_source *source = (struct conversation_source *)pieces;

	pieces->operation = (struct dm_operation){.kind = DM_OP_CONVERSATION,
						  .conversation = {.user_id = source->user_id,
								   .partner_id = source->partner_id,
								   .page = source->from,
								   .on_message = add_message}};
	source->rows = 0;
	source->is_cut = false;
}

static void end_piece(struct piece_source *pieces)
{
	struct conversation_source *source = (struct conversation_source *)pieces;

	pieces->is_last = source->rows < MAX_PIECE_MESSAGES && !source->is_cut;
	if (!pieces->is_last)
		return;
	if (!source->has_begun)
		buffer_append_char(&pieces->piece, '[');
	buffer_append_char(&pieces->piece, ']');
}

bool conversation_source_init(struct http_body_source *body_source, const struct exchange *exchange)
{
	struct conversation_source *source = calloc(1, sizeof(*source));

	if (!source)
		return false;
	source->pieces.begin = begin_piece;
	source->pieces.end = end_piece;
	source->user_id = exchange->user_id;
	source->partner_id = exchange->target_id;
	source->from.limit = MAX_PIECE_MESSAGES;
	source->from.max_bytes = MAX_PIECE_BYTES;
	piece_source_init(&source->pieces, body_source, exchange);
	return true;
}
