/* SPDX-License-Identifier: MIT */
/* text.c - texts to be sent on streams: one copy, however many streams it waits for. */
#include "text.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>

#define PIECES_PER_CALL 16 /* of sendmsg */

/* A chunk is "<length>\r\n", the text, "\r\n". */
#define CHUNK_HEAD_SIZE 20
#define CHUNK_END "\r\n"

struct text_piece {
	STAILQ_ENTRY(text_piece) next;
	struct text *text;
	size_t sent; /* bytes, with the chunk's head and end */
	size_t head_length;
	char head[CHUNK_HEAD_SIZE];
};

/* ---- texts --------------------------------------------------------------------------------------------------- */

struct text *text_new(struct budget_share *share)
{
	struct text *text = calloc(1, sizeof(*text));

	if (!text)
		return NULL;
	text->references = 1;
	buffer_init(&text->bytes, SIZE_MAX);
	buffer_charge(&text->bytes, share);
	return text;
}

struct text *text_renew(struct text *text, struct budget_share *share)
{
	if (!text || text->references > 1 || text->charged > 0 || text->bytes.failed ||
	    text->bytes.capacity > BUDGET_FREE) {
		text_release(text);
		return text_new(share);
	}
	text->bytes.length = 0;
	text->bytes.share = share; /* a buffer of up to BUDGET_FREE bytes is not charged */
	return text;
}

void text_release(struct text *text)
{
	if (!text || --text->references > 0)
		return;
	budget_remove(text->bytes.share, text->charged);
	buffer_release(&text->bytes);
	free(text);
}

bool text_charge(struct text *text)
{
	size_t size;

	if (text->charged > 0)
		return true;
	buffer_fit(&text->bytes);
	size = sizeof(*text) + (text->bytes.capacity > BUDGET_FREE ? 0 : text->bytes.capacity);
	if (!budget_add(text->bytes.share, size))
		return false;
	text->charged = size;
	return true;
}

/* ---- queues -------------------------------------------------------------------------------------------------- */

void text_queue_init(struct text_queue *queue)
{
	STAILQ_INIT(&queue->pieces);
	queue->waiting = 0;
}

static void remove_first(struct text_queue *queue)
{
	struct text_piece *piece = STAILQ_FIRST(&queue->pieces);

	STAILQ_REMOVE_HEAD(&queue->pieces, next);
	text_release(piece->text);
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

bool text_queue_add(struct text_queue *queue, struct text *text, bool is_chunk)
{
	struct text_piece *piece;

	if (text->bytes.length == 0)
		return true;
	piece = calloc(1, sizeof(*piece));
	if (!piece)
		return false;
	if (is_chunk)
		piece->head_length = (size_t)snprintf(piece->head, sizeof(piece->head), "%zx\r\n", text->bytes.length);
	piece->text = text;
	text->references++;
	queue->waiting += length_of(piece);
	STAILQ_INSERT_TAIL(&queue->pieces, piece, next);
	return true;
}

static size_t add_part(struct iovec *part, const char *data, size_t length, size_t *skip)
{
	size_t skipped = *skip < length ? *skip : length;

	*skip -= skipped;
	*part = (struct iovec){(void *)(data + skipped), length - skipped};
	return length > skipped ? 1 : 0;
}

/* What is left to send, in up to three parts. */
static size_t add_parts(const struct text_piece *piece, struct iovec *parts)
{
	size_t skip = piece->sent, count = 0;

	count += add_part(parts, piece->head, piece->head_length, &skip);
	count += add_part(parts + count, piece->text->bytes.data, piece->text->bytes.length, &skip);
	count += add_part(parts + count, CHUNK_END, end_length(piece), &skip);
	return count;
}

static void remove_sent(struct text_queue *queue, size_t sent)
{
	queue->waiting -= sent;
	while (sent > 0) {
		struct text_piece *first = STAILQ_FIRST(&queue->pieces);
		size_t left = length_of(first) - first->sent;

		if (sent < left) {
			first->sent += sent;
			return;
		}
		sent -= left;
		remove_first(queue);
	}
}

ssize_t text_queue_send(struct text_queue *queue, int socket)
{
	ssize_t total = 0;

	while (!STAILQ_EMPTY(&queue->pieces)) {
		struct iovec parts[3 * PIECES_PER_CALL];
		struct msghdr message = {.msg_iov = parts};
		const struct text_piece *piece;
		ssize_t sent;

		STAILQ_FOREACH(piece, &queue->pieces, next)
		{
			message.msg_iovlen += add_parts(piece, parts + message.msg_iovlen);
			if (message.msg_iovlen > ARRAY_LENGTH(parts) - 3)
				break;
		}
		sent = sendmsg(socket, &message, MSG_NOSIGNAL | MSG_DONTWAIT);
		if (sent < 0 && errno == EINTR)
			continue;
		if (sent < 0)
			return errno == EAGAIN || errno == EWOULDBLOCK ? total : -1;
		remove_sent(queue, (size_t)sent);
		total += sent;
	}
	return total;
}
