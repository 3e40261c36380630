/* SPDX-License-Identifier: MIT */
/* text.c - what is sent on streams: one copy of a text, however many streams it waits for. */
#include "text.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>

#define PIECES_AT_ONCE 16 /* are given to one call of the system */

/* "length\r\n" before a chunk, "\r\n" behind it. */
#define CHUNK_HEAD_SIZE 20
#define CHUNK_END "\r\n"

struct text_piece {
	STAILQ_ENTRY(text_piece) next;
	struct text *text;
	size_t given; /* bytes of it that are sent, its chunk's head and end among them */
	size_t head_length;
	char head[CHUNK_HEAD_SIZE];
};

/* ---- texts --------------------------------------------------------------------------------------------------- */

struct text *text_new(struct budget_share *share)
{
	struct text *text = calloc(1, sizeof(*text));

	if (!text)
		return NULL;
	text->holders = 1;
	buffer_init(&text->bytes, SIZE_MAX);
	buffer_charge(&text->bytes, share);
	return text;
}

struct text *text_renew(struct text *text, struct budget_share *share)
{
	if (!text || text->holders > 1 || text->counted > 0 || text->bytes.failed ||
	    text->bytes.capacity > BUDGET_FREE) {
		text_drop(text);
		return text_new(share);
	}
	text->bytes.length = 0;
	text->bytes.share = share; /* the buffer is one that is not counted */
	return text;
}

void text_drop(struct text *text)
{
	if (!text || --text->holders > 0)
		return;
	budget_remove(text->bytes.share, text->counted);
	buffer_release(&text->bytes);
	free(text);
}

bool text_settle(struct text *text)
{
	size_t size;

	if (text->counted > 0)
		return true;
	buffer_fit(&text->bytes);
	size = sizeof(*text) + (text->bytes.capacity > BUDGET_FREE ? 0 : text->bytes.capacity);
	if (!budget_add(text->bytes.share, size))
		return false;
	text->counted = size;
	return true;
}

/* ---- those that wait ----------------------------------------------------------------------------------------- */

void text_queue_init(struct text_queue *queue)
{
	STAILQ_INIT(&queue->pieces);
	queue->waiting = 0;
}

static void remove_first(struct text_queue *queue)
{
	struct text_piece *piece = STAILQ_FIRST(&queue->pieces);

	STAILQ_REMOVE_HEAD(&queue->pieces, next);
	text_drop(piece->text);
	free(piece);
}

void text_queue_clear(struct text_queue *queue)
{
	while (!STAILQ_EMPTY(&queue->pieces))
		remove_first(queue);
	queue->waiting = 0;
}

static size_t end_length(const struct text_piece *piece)
{
	return piece->head_length > 0 ? sizeof(CHUNK_END) - 1 : 0;
}

static size_t length_of(const struct text_piece *piece)
{
	return piece->head_length + piece->text->bytes.length + end_length(piece);
}

bool text_queue_add(struct text_queue *queue, struct text *text, bool in_chunk)
{
	struct text_piece *piece;

	if (text->bytes.length == 0)
		return true;
	piece = calloc(1, sizeof(*piece));
	if (!piece)
		return false;
	if (in_chunk)
		piece->head_length = (size_t)snprintf(piece->head, sizeof(piece->head), "%zx\r\n", text->bytes.length);
	piece->text = text;
	text->holders++;
	queue->waiting += length_of(piece);
	STAILQ_INSERT_TAIL(&queue->pieces, piece, next);
	return true;
}

static size_t put_part(struct iovec *part, const char *data, size_t length, size_t *skip)
{
	size_t skipped = *skip < length ? *skip : length;

	*skip -= skipped;
	*part = (struct iovec){(void *)(data + skipped), length - skipped};
	return length > skipped ? 1 : 0;
}

/* What is left of it, in up to three parts. */
static size_t put_parts(const struct text_piece *piece, struct iovec *parts)
{
	size_t skip = piece->given, count = 0;

	count += put_part(parts, piece->head, piece->head_length, &skip);
	count += put_part(parts + count, piece->text->bytes.data, piece->text->bytes.length, &skip);
	count += put_part(parts + count, CHUNK_END, end_length(piece), &skip);
	return count;
}

static void take_away(struct text_queue *queue, size_t sent)
{
	queue->waiting -= sent;
	while (sent > 0) {
		struct text_piece *first = STAILQ_FIRST(&queue->pieces);
		size_t left = length_of(first) - first->given;

		if (sent < left) {
			first->given += sent;
			return;
		}
		sent -= left;
		remove_first(queue);
	}
}

ssize_t text_queue_send(struct text_queue *queue, int socket)
{
	ssize_t all = 0;

	while (!STAILQ_EMPTY(&queue->pieces)) {
		struct iovec parts[3 * PIECES_AT_ONCE];
		struct msghdr message = {.msg_iov = parts};
		const struct text_piece *piece;
		ssize_t sent;

		STAILQ_FOREACH(piece, &queue->pieces, next)
		{
			message.msg_iovlen += put_parts(piece, parts + message.msg_iovlen);
			if (message.msg_iovlen > ARRAY_LENGTH(parts) - 3)
				break;
		}
		sent = sendmsg(socket, &message, MSG_NOSIGNAL | MSG_DONTWAIT);
		if (sent < 0 && errno == EINTR)
			continue;
		if (sent < 0)
			return errno == EAGAIN || errno == EWOULDBLOCK ? all : -1;
		take_away(queue, (size_t)sent);
		all += sent;
	}
	return all;
}
