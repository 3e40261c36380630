/* SPDX-License-Identifier: MIT */
/* piece_source.c - a body of any length that operations read piece by piece. */
#include "piece_source.h"

#include <stdlib.h>
#include <string.h>

/* On any thread. */
static void piece_is_read(struct dm_operation *operation)
{
	struct piece_source *source = operation->context;

	source->end(source);
	request_wake(source->request);
}

/* Starts to read the next piece; true if it has arrived already. */
static bool read_piece(struct piece_source *source)
{
	source->begin(source);
	source->operation.done = piece_is_read;
	source->operation.context = source;
	source->state = PIECE_READING;
	source->piece.length = 0;
	source->sent = 0;
	request_wait_begin(source->request, WAIT_THEN_LOOP);
	dm_submit(source->handle, &source->operation);
	return request_wait_is_over(source->request);
}

static ssize_t send_piece(struct piece_source *source, char *out, size_t size)
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
	struct piece_source *source = context;

	while (source->sent == source->piece.length || source->state == PIECE_READING) {
		if (source->state == PIECE_LAST)
			return HTTP_SOURCE_END;
		if (source->state == PIECE_SENDING && !read_piece(source))
			return HTTP_SOURCE_WAIT; /* when the piece has arrived, this is called again */
		if (source->operation.status != DM_OK || source->piece.failed)
			return HTTP_SOURCE_FAILED;
		source->state = source->is_last ? PIECE_LAST : PIECE_SENDING;
	}
	return send_piece(source, out, size);
}

static void release(void *context)
{
	struct piece_source *source = context;

	buffer_release(&source->piece);
	free(source);
}

void piece_source_init(struct piece_source *source, struct http_body_source *body, const struct exchange *exchange)
{
	source->request = exchange->request;
	source->handle = exchange->api->handle;
	buffer_init(&source->piece, SIZE_MAX);
	buffer_charge(&source->piece, exchange->share);
	*body = (struct http_body_source){read_source, release, source};
}
