/* SPDX-License-Identifier: MIT */
/* conversation_source.c - a whole conversation as a JSON array. Each piece begins after the last message of the one
 * before, so that no message is sent twice or left out. */
#include "conversation_source.h"

#include "shapes.h"

#include <stdlib.h>
#include <string.h>

/* A piece ends after this many messages, or with the message that makes it this long. */
#define MAX_PIECE_MESSAGES 200
#define MAX_PIECE_BYTES ((size_t)1 << 20)

enum source_state {
	SOURCE_SENDING, /* the piece; after its end the next is read */
	SOURCE_READING, /* a piece, by an operation that the request waits for */
	SOURCE_LAST     /* sending the last piece */
};

struct conversation_source {
	struct request *request;
	dm *handle;
	enum source_state state;
	struct dm_operation operation; /* reads a piece */
	int64_t user_id;
	int64_t partner_id;
	struct dm_page from; /* where the next piece starts */
	struct buffer piece;
	size_t sent;    /* bytes of the piece */
	size_t rows;    /* messages in the piece */
	bool is_cut;    /* the piece ended by its bytes: there are more messages */
	bool has_begun; /* a message was written */
	bool is_at_end; /* the closing bracket was written */
};

/* ---- reading a piece ----------------------------------------------------------------------------------------- */

static bool add_message(void *context, const struct dm_message *message)
{
	struct conversation_source *source = context;

	source->is_cut = !message->content.data || source->piece.length >= MAX_PIECE_BYTES;
	if (source->is_cut) /* the next piece begins with this message */
		return false;
	buffer_append_char(&source->piece, source->has_begun ? ',' : '[');
	source->has_begun = true;
	shape_message(&source->piece, message, source->user_id);
	source->rows++;
	source->from.has_position = true;
	source->from.position = message->sent_at;
	source->from.row_id = message->id;
	return true;
}

/* On any thread. */
static void piece_is_read(struct dm_operation *operation)
{
	struct conversation_source *source = operation->context;

	source->is_at_end = source->rows < MAX_PIECE_MESSAGES && !source->is_cut;
	if (source->is_at_end) {
		if (!source->has_begun)
			buffer_append_char(&source->piece, '[');
		buffer_append_char(&source->piece, ']');
	}
	request_wake(source->request);
}

/* Starts to read the next piece; true if it has arrived already. */
static bool read_piece(struct conversation_source *source)
{
	source->operation = (struct dm_operation){.kind = DM_OP_CONVERSATION,
						  .done = piece_is_read,
						  .context = source,
						  .conversation = {.user_id = source->user_id,
								   .partner_id = source->partner_id,
								   .page = source->from,
								   .on_message = add_message}};
	source->state = SOURCE_READING;
	source->piece.length = 0;
	source->sent = 0;
	source->rows = 0;
	source->is_cut = false;
	request_wait_begin(source->request, WAIT_THEN_LOOP);
	dm_submit(source->handle, &source->operation);
	return request_wait_is_over(source->request);
}

/* ---- sending it ---------------------------------------------------------------------------------------------- */

static ssize_t send_piece(struct conversation_source *source, char *out, size_t size)
{
	size_t length = source->piece.length - source->sent;

	if (length > size)
		length = size;
	memcpy(out, source->piece.data + source->sent, length);
	source->sent += length;
	return (ssize_t)length;
}

static ssize_t read_source(void *context, char *out, size_t size)
{
	struct conversation_source *source = context;
	bool is_sent = source->sent == source->piece.length;

	if (source->state == SOURCE_LAST && is_sent)
		return HTTP_SOURCE_END;
	if (source->state == SOURCE_SENDING && is_sent && !read_piece(source))
		return HTTP_SOURCE_WAIT; /* when the piece has arrived, this is called again */
	if (source->state == SOURCE_READING) {
		if (source->operation.status != DM_OK || source->piece.failed)
			return HTTP_SOURCE_FAILED;
		source->state = source->is_at_end ? SOURCE_LAST : SOURCE_SENDING;
	}
	return send_piece(source, out, size);
}

static void release(void *context)
{
	struct conversation_source *source = context;

	buffer_release(&source->piece);
	free(source);
}

bool conversation_source_init(struct http_body_source *body_source, const struct exchange *exchange)
{
	struct conversation_source *source = calloc(1, sizeof(*source));

	if (!source)
		return false;
	source->request = exchange->request;
	source->handle = exchange->api->handle;
	source->user_id = exchange->user_id;
	source->partner_id = exchange->target_id;
	source->from.limit = MAX_PIECE_MESSAGES;
	source->from.max_bytes = MAX_PIECE_BYTES;
	buffer_init(&source->piece, SIZE_MAX);
	buffer_charge(&source->piece, exchange->share);
	*body_source = (struct http_body_source){read_source, release, source};
	return true;
}
