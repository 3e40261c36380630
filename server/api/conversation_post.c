/* SPDX-License-Identifier: MIT */
/* conversation_post.c - POST conversations/<id>/: sends a message, then the whole conversation as an array. It can be
 * of any length, so it is read and sent piece by piece: from the newest message of this moment on, nothing twice,
 * nothing left out. */
#include "resources.h"
#include "shapes.h"

#include <stdlib.h>
#include <string.h>

/* A piece of the answer: so many messages, or those that reach so many bytes. */
#define MESSAGES_A_PIECE 200
#define BYTES_A_PIECE ((size_t)1 << 20)

struct conversation_stream {
	struct request *request;
	dm *handle;
	struct dm_operation operation; /* reads a piece */
	bool is_asked;                 /* it was submitted, and waited for */
	int64_t user_id;
	int64_t partner_id;
	struct dm_page from; /* where the next piece starts */
	struct buffer piece;
	size_t given; /* bytes of the piece that are sent */
	size_t rows;  /* messages in the piece */
	bool is_cut;  /* by its bytes: there may be more */
	bool started; /* some message was written */
	bool ended;   /* the closing bracket was */
};

static bool add_message(void *context, const struct dm_message *message)
{
	struct conversation_stream *stream = context;

	stream->is_cut = !message->content.data || stream->piece.length >= BYTES_A_PIECE;
	if (stream->is_cut) /* the next piece begins with it */
		return false;
	buffer_append_char(&stream->piece, stream->started ? ',' : '[');
	stream->started = true;
	shape_message(&stream->piece, message, stream->user_id);
	stream->rows++;
	stream->from.has_position = true;
	stream->from.position = message->sent_at;
	stream->from.row_id = message->id;
	return true;
}

static void piece_is_read(struct dm_operation *operation)
{
	struct conversation_stream *stream = operation->context;

	if (stream->rows < MESSAGES_A_PIECE && !stream->is_cut) {
		if (!stream->started)
			buffer_append_char(&stream->piece, '[');
		buffer_append_char(&stream->piece, ']');
		stream->ended = true;
	}
	request_wake(stream->request);
}

/* Asks for the next piece; true where it is there at once. */
static bool ask_for_piece(struct conversation_stream *stream)
{
	stream->operation = (struct dm_operation){.kind = DM_OP_CONVERSATION,
						  .user_id = stream->user_id,
						  .partner_id = stream->partner_id,
						  .page = stream->from,
						  .on_message = add_message,
						  .done = piece_is_read,
						  .context = stream};
	stream->piece.length = 0;
	stream->given = 0;
	stream->rows = 0;
	stream->is_cut = false;
	request_wait_begin(stream->request);
	dm_submit(stream->handle, &stream->operation);
	return request_wait_is_over(stream->request);
}

static ssize_t read_piece(void *context, char *out, size_t size)
{
	struct conversation_stream *stream = context;
	size_t left = stream->piece.length - stream->given;

	if (left == 0 || stream->is_asked) {
		if (!stream->is_asked && stream->ended)
			return HTTP_SOURCE_END;
		if (!stream->is_asked && !ask_for_piece(stream)) {
			stream->is_asked = true; /* when it is there, this is called again */
			return HTTP_SOURCE_WAIT;
		}
		stream->is_asked = false;
		if (stream->operation.status != DM_OK || stream->piece.failed)
			return HTTP_SOURCE_FAILED;
		left = stream->piece.length;
	}
	if (left > size)
		left = size;
	memcpy(out, stream->piece.data + stream->given, left);
	stream->given += left;
	return (ssize_t)left;
}

static void release(void *context)
{
	struct conversation_stream *stream = context;

	buffer_release(&stream->piece);
	free(stream);
}

static enum http_outcome marked(struct exchange *exchange)
{
	struct http_body_source stream = {read_piece, release, NULL};
	struct conversation_stream *conversation;

	if (exchange->operation.status != DM_OK)
		return answer_failure(exchange, NULL);
	if (exchange->operation.marking.more)
		return exchange_await(exchange, marked);
	conversation = calloc(1, sizeof(*conversation));
	if (!conversation)
		return answer_no_room(exchange->request);
	conversation->request = exchange->request;
	conversation->handle = exchange->api->handle;
	conversation->user_id = exchange->user_id;
	conversation->partner_id = exchange->target_id;
	conversation->from.limit = MESSAGES_A_PIECE;
	conversation->from.bytes = BYTES_A_PIECE;
	buffer_init(&conversation->piece, SIZE_MAX);
	buffer_charge(&conversation->piece, exchange->share);
	stream.context = conversation;
	return answer_stream(exchange, 201, &stream);
}

static enum http_outcome sent(struct exchange *exchange)
{
	if (exchange->operation.status != DM_OK)
		return answer_failure(exchange, NULL);
	exchange->is_stored = true;
	exchange_operation(exchange, DM_OP_MARK_CONVERSATION_READ)->partner_id = exchange->target_id;
	return exchange_await(exchange, marked);
}

enum http_outcome conversation_post(struct exchange *exchange)
{
	struct dm_operation *operation = exchange_operation(exchange, DM_OP_SEND);

	operation->partner_id = exchange->target_id;
	operation->text = (struct dm_text){exchange->content.data, exchange->content.length};
	return exchange_await(exchange, sent);
}
