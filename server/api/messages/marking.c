/* SPDX-License-Identifier: MIT */
/* marking.c - POST conversations/<user>/read/ and .../unread/, POST conversations/read/: marks messages, and says how
 * many.
 *
 * Its states, each a function that is named after what has been done:
 *
 *     *_post   the body is read; a message that it names is looked up
 *     placed   that message is found in the conversation
 *     marked   a piece is done: the next piece, while there is more
 *     counted  what is still unread of the partner's is counted: 200 */
#include "messages_resources.h"
#include "respond.h"
#include "shapes.h"

struct marking {
	enum dm_operation_kind kind;
	bool has_message; /* a message is named, and stands here: */
	int64_t sent_at, id;
	int64_t marked; /* by all pieces so far */
};

static enum http_outcome counted(struct exchange *exchange)
{
	const struct marking *marking = exchange->resource;

	if (exchange->operation.status != DM_OK)
		return respond_failure(exchange, NULL);
	shape_marked(&exchange->request->response.body, exchange->target_id, marking->kind == DM_OP_MARK_UNREAD,
		     marking->marked, exchange->operation.unread_count.count);
	return respond(exchange, 200);
}

static enum http_outcome count(struct exchange *exchange)
{
	exchange_operation(exchange, DM_OP_UNREAD_COUNT)->unread_count =
		(struct dm_op_unread_count){.user_id = exchange->user_id, .partner_id = exchange->target_id};
	return exchange_await(exchange, counted);
}

/* Adds up what the piece has marked. True: there is more. */
static bool add_piece(struct marking *marking, const struct dm_operation *operation)
{
	switch (marking->kind) {
	case DM_OP_MARK_UNREAD:
		marking->marked += operation->mark_unread.marked;
		return operation->mark_unread.more;
	case DM_OP_MARK_ALL_READ:
		marking->marked += operation->mark_all_read.marked;
		return operation->mark_all_read.more;
	default:
		marking->marked += operation->mark_conversation_read.marked;
		return operation->mark_conversation_read.more;
	}
}

static enum http_outcome marked(struct exchange *exchange)
{
	struct marking *marking = exchange->resource;

	if (exchange->operation.status != DM_OK)
		return respond_failure(exchange, NULL);
	if (add_piece(marking, &exchange->operation))
		return exchange_await(exchange, marked);
	if (marking->kind != DM_OP_MARK_ALL_READ)
		return count(exchange);
	shape_all_marked(&exchange->request->response.body, marking->marked);
	return respond(exchange, 200);
}

static enum http_outcome mark(struct exchange *exchange)
{
	const struct marking *marking = exchange->resource;
	struct dm_operation *operation = exchange_operation(exchange, marking->kind);

	if (marking->kind == DM_OP_MARK_ALL_READ)
		operation->mark_all_read.user_id = exchange->user_id;
	else if (marking->kind == DM_OP_MARK_UNREAD)
		operation->mark_unread = (struct dm_op_mark_unread){.user_id = exchange->user_id,
								    .partner_id = exchange->target_id,
								    .has_first = marking->has_message,
								    .first_sent_at = marking->sent_at,
								    .first_id = marking->id};
	else
		operation->mark_conversation_read =
			(struct dm_op_mark_conversation_read){.user_id = exchange->user_id,
							      .partner_id = exchange->target_id,
							      .has_last = marking->has_message,
							      .last_sent_at = marking->sent_at,
							      .last_id = marking->id};
	return exchange_await(exchange, marked);
}

static bool keep_place(void *context, const struct dm_message *message)
{
	struct marking *marking = ((struct exchange *)context)->resource;

	marking->sent_at = message->sent_at;
	marking->id = message->id;
	return false;
}

static enum http_outcome placed(struct exchange *exchange)
{
	if (exchange->operation.status != DM_OK)
		return respond_failure(exchange, "Message not found or not authorized.");
	return mark(exchange);
}

static enum http_outcome begin(struct exchange *exchange, enum dm_operation_kind kind)
{
	struct marking *marking = arena_alloc(&exchange->request->arena, sizeof(*marking));

	if (!marking)
		return respond_no_room(exchange->request);
	*marking = (struct marking){.kind = kind, .has_message = exchange->has_number};
	exchange->resource = marking;
	if (!marking->has_message)
		return mark(exchange);
	exchange_operation(exchange, DM_OP_MESSAGE)->message = (struct dm_op_message){.message_id = exchange->number,
										      .user_id = exchange->user_id,
										      .partner_id = exchange->target_id,
										      .with_hidden = true,
										      .on_message = keep_place};
	return exchange_await(exchange, placed);
}

enum http_outcome conversation_read_post(struct exchange *exchange)
{
	return begin(exchange, DM_OP_MARK_CONVERSATION_READ);
}

enum http_outcome conversation_unread_post(struct exchange *exchange)
{
	return begin(exchange, DM_OP_MARK_UNREAD);
}

enum http_outcome conversations_read_post(struct exchange *exchange)
{
	return begin(exchange, DM_OP_MARK_ALL_READ);
}
