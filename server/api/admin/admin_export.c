/* SPDX-License-Identifier: MIT */
/* admin_export.c - GET /admin/users/<user>/export/: all data of a person, as lines of JSON. The first line is the user,
 * then comes a line for each block and for each message. */
#include "admin_names.h"
#include "admin_resources.h"
#include "piece_source.h"
#include "respond.h"
#include "shapes.h"

#include <stdlib.h>

#define MAX_PIECE_BLOCKS 1000
#define MAX_PIECE_MESSAGES 500
#define MAX_PIECE_BYTES ((size_t)1 << 20)

struct export_source {
	struct piece_source pieces;
	int64_t user_id;
	enum { EXPORT_USER, EXPORT_BLOCKS, EXPORT_MESSAGES } part; /* which is read next */
	struct dm_page from;                                       /* where the next piece of blocks starts */
	size_t blocks;                                             /* in the piece */
};

static bool add_user(void *context, const struct dm_user *user)
{
	struct export_source *source = context;

	shape_exported_user(&source->pieces.piece, user);
	return true;
}

static bool add_block(void *context, const struct dm_blocked *blocked)
{
	struct export_source *source = context;

	shape_exported_block(&source->pieces.piece, blocked);
	source->blocks++;
	source->from.has_position = true;
	source->from.position = blocked->blocked_at;
	source->from.row_id = blocked->user.id;
	return true;
}

static bool add_message(void *context, const struct dm_stored_message *message)
{
	struct export_source *source = context;

	shape_exported_message(&source->pieces.piece, message, source->user_id);
	return true;
}

static void begin_piece(struct piece_source *pieces)
{
	struct export_source *source = (struct export_source *)pieces;

	if (source->part == EXPORT_USER) {
		pieces->operation = (struct dm_operation){
			.kind = DM_OP_USER_BY_ID, .user_by_id = {.user_id = source->user_id, .on_user = add_user}};
		return;
	}
	if (source->part == EXPORT_BLOCKS) {
		source->blocks = 0;
		pieces->operation = (struct dm_operation){
			.kind = DM_OP_BLOCKS,
			.blocks = {.user_id = source->user_id, .page = source->from, .on_blocked = add_block}};
		return;
	}
	if (pieces->operation.kind == DM_OP_USER_MESSAGES) /* goes on where it was */
		return;
	pieces->operation = (struct dm_operation){.kind = DM_OP_USER_MESSAGES,
						  .user_messages = {.user_id = source->user_id,
								    .limit = MAX_PIECE_MESSAGES,
								    .max_bytes = MAX_PIECE_BYTES,
								    .on_message = add_message}};
}

static void end_piece(struct piece_source *pieces)
{
	struct export_source *source = (struct export_source *)pieces;

	pieces->is_last = source->part == EXPORT_MESSAGES && !pieces->operation.user_messages.more;
	if (source->part == EXPORT_USER)
		source->part = EXPORT_BLOCKS;
	else if (source->part == EXPORT_BLOCKS && source->blocks < MAX_PIECE_BLOCKS)
		source->part = EXPORT_MESSAGES;
}

static enum http_outcome export_user(struct exchange *exchange)
{
	const struct admin_names *names = exchange->resource;
	struct export_source *source = calloc(1, sizeof(*source));
	struct http_body_source body;

	if (!source)
		return respond_no_room(exchange->request);
	source->user_id = names->ids[0];
	source->from.limit = MAX_PIECE_BLOCKS;
	source->pieces.begin = begin_piece;
	source->pieces.end = end_piece;
	piece_source_init(&source->pieces, &body, exchange);
	exchange->content_type = "application/x-ndjson";
	return respond_source(exchange, 200, &body);
}

enum http_outcome admin_export_get(struct exchange *exchange)
{
	struct admin_names *names = arena_alloc(&exchange->request->arena, sizeof(*names));

	if (!names)
		return respond_no_room(exchange->request);
	*names = (struct admin_names){.count = 1};
	return admin_find_target(exchange, names, export_user);
}
