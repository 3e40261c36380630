/* SPDX-License-Identifier: MIT */
/* stream.c - the open event streams: whose they are, their sockets, what waits to be sent. */
#include "stream.h"

#include "clock.h"
#include "log.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

/* A client that does not acknowledge sent data for this long is gone. */
#define UNACKNOWLEDGED_MS 60000

bool streams_init(struct streams *streams, const struct hub_options *options)
{
	streams->options = options;
	TAILQ_INIT(&streams->pending);
	TAILQ_INIT(&streams->admitted);
	TAILQ_INIT(&streams->checked);
	TAILQ_INIT(&streams->closed);
	streams->epoll = epoll_create1(EPOLL_CLOEXEC);
	return streams->epoll >= 0;
}

void streams_release(struct streams *streams)
{
	close(streams->epoll);
}

/* ---- the set of streams -------------------------------------------------------------------------------------- */

static struct stream **bucket_of(struct streams *streams, int64_t user_id)
{
	return &streams->buckets[(uint64_t)user_id % STREAM_BUCKETS];
}

struct stream *streams_bucket(struct streams *streams, int64_t user_id)
{
	return *bucket_of(streams, user_id);
}

enum hub_reply streams_add(struct streams *streams, struct stream *stream)
{
	struct stream **place = bucket_of(streams, stream->user_id);
	size_t of_user = 0;

	for (struct stream *other = *place; other; other = other->next_of_bucket)
		of_user += other->user_id == stream->user_id;
	if (streams->open >= streams->options->max_streams)
		return HUB_FULL;
	if (of_user >= streams->options->max_streams_per_user)
		return HUB_FULL_USER;
	stream->streams = streams;
	stream->state = STREAM_JOINING;
	stream->began_at = clock_monotonic();
	stream->next_of_bucket = *place;
	*place = stream;
	TAILQ_INSERT_TAIL(&streams->pending, stream, pending);
	streams->open++;
	streams->opened++;
	return HUB_ADMITTED;
}

/* Removes the stream from the lists in which others look for it. */
static void unlist(struct stream *stream)
{
	struct stream **place = bucket_of(stream->streams, stream->user_id);

	while (*place != stream)
		place = &(*place)->next_of_bucket;
	*place = stream->next_of_bucket;
	stream_set_state(stream, STREAM_CLOSED);
	stream->streams->open--;
}

/* Copies the text to *room, which moves behind the copy. */
static struct span copy_text(char **room, struct span text)
{
	struct span copy = {*room, text.length};

	if (text.length > 0)
		memcpy(*room, text.data, text.length);
	*room += text.length;
	return copy;
}

struct stream *stream_new(struct request *request, int64_t user_id, struct span key, const struct span *position)
{
	size_t length = key.length + (position ? position->length : 0) + request->path.length;
	struct stream *stream = malloc(sizeof(*stream) + length);
	char *room;

	if (!stream)
		return NULL;
	room = stream->text;
	*stream = (struct stream){.request = request,
				  .socket = -1,
				  .user_id = user_id,
				  .state = STREAM_JOINING,
				  .is_chunked = request->accepts_chunks};
	buffer_init(&stream->head, SIZE_MAX);
	text_queue_init(&stream->queue);
	stream->key = copy_text(&room, key);
	if (position)
		stream->asked = copy_text(&room, *position);
	stream->path = copy_text(&room, request->path);
	return stream;
}

static bool is_pending(enum stream_state state)
{
	return state == STREAM_JOINING || state == STREAM_REPLAYING;
}

void stream_set_state(struct stream *stream, enum stream_state state)
{
	struct streams *streams = stream->streams;

	if (is_pending(stream->state) && !is_pending(state))
		TAILQ_REMOVE(&streams->pending, stream, pending);
	if (!is_pending(stream->state) && is_pending(state))
		TAILQ_INSERT_TAIL(&streams->pending, stream, pending);
	stream->state = state;
}

/* Most go to the end. Only a stream that expires sooner has to look for its place, and does so once. */
void stream_set_heartbeat(struct stream *stream)
{
	struct streams *streams = stream->streams;
	struct stream *before = TAILQ_LAST(&streams->admitted, stream_list);

	stream->heartbeat_at = clock_monotonic() + streams->options->heartbeat_seconds * INT64_C(1000000);
	if (stream->expires_at != 0 && stream->expires_at < stream->heartbeat_at)
		stream->heartbeat_at = stream->expires_at;
	while (before && before->heartbeat_at > stream->heartbeat_at)
		before = TAILQ_PREV(before, stream_list, admitted);
	if (before)
		TAILQ_INSERT_AFTER(&streams->admitted, before, stream, admitted);
	else
		TAILQ_INSERT_HEAD(&streams->admitted, stream, admitted);
}

void stream_reply(struct stream *stream, enum hub_reply reply)
{
	struct request *request = stream->request;

	stream->request = NULL;
	stream->reply = reply;
	if (reply == HUB_ADMITTED) {
		stream->awaits_socket = true;
		stream_set_heartbeat(stream);
		stream->checked_at = stream->began_at;
		TAILQ_INSERT_TAIL(&stream->streams->checked, stream, checked);
	} else if (stream->streams) {
		unlist(stream);
	}
	request_wake(request);
}

void streams_reap(struct streams *streams)
{
	struct stream *stream, *next;

	for (stream = TAILQ_FIRST(&streams->closed); stream; stream = next) {
		next = TAILQ_NEXT(stream, closed);
		if (stream->awaits_socket || stream->is_being_checked)
			continue;
		TAILQ_REMOVE(&streams->closed, stream, closed);
		buffer_release(&stream->head);
		free(stream);
	}
}

/* ---- sending ------------------------------------------------------------------------------------------------- */

static void write_access(const struct stream *stream)
{
	struct log_access access = {
		.method = SPAN("GET"),
		.path = stream->path,
		.status = 200,
		.bytes = stream->sent,
		.microseconds = clock_monotonic() - stream->began_at,
		.user_id = stream->user_id,
	};

	log_access(LOG_INFO, &access);
}

void stream_close(struct stream *stream)
{
	if (stream->state == STREAM_CLOSED)
		return;
	if (stream->socket >= 0) {
		close(stream->socket); /* this removes it from the epoll set */
		write_access(stream);
	}
	stream->socket = -1;
	text_queue_clear(&stream->queue);
	TAILQ_REMOVE(&stream->streams->admitted, stream, admitted);
	if (!stream->is_being_checked)
		TAILQ_REMOVE(&stream->streams->checked, stream, checked);
	unlist(stream);
	TAILQ_INSERT_TAIL(&stream->streams->closed, stream, closed);
}

void stream_drop(struct stream *stream)
{
	if (stream->state != STREAM_CLOSED)
		stream->streams->dropped++;
	stream_close(stream);
}

void stream_flush(struct stream *stream)
{
	ssize_t sent;

	if (stream->state == STREAM_CLOSED || stream->socket < 0)
		return;
	sent = text_queue_send(&stream->queue, stream->socket);
	if (sent < 0) {
		stream_close(stream);
		return;
	}
	stream->sent += (uint64_t)sent;
	stream->is_stalled = stream->is_stalled && sent == 0;
	if (stream->queue.waiting == 0 && stream->state == STREAM_PAUSED)
		stream_set_state(stream, STREAM_REPLAYING);
}

void stream_end(struct stream *stream)
{
	static const char last[] = "0\r\n\r\n";

	if (stream->is_chunked && stream->socket >= 0 && stream->queue.waiting == 0 &&
	    send(stream->socket, last, sizeof(last) - 1, MSG_NOSIGNAL | MSG_DONTWAIT) > 0)
		stream->sent += sizeof(last) - 1;
	stream_close(stream);
}

/* One text is one chunk, so that clients that read chunk by chunk see it at once. A single event may be larger than
 * max_queue_bytes, so the limit is checked before the text is added. */
static bool put(struct stream *stream, struct text *text)
{
	if (!text || text->bytes.failed || stream->queue.waiting > stream->streams->options->max_queue_bytes ||
	    !text_queue_add(&stream->queue, text, stream->is_chunked))
		return false;
	stream_flush(stream);
	return stream->queue.waiting == 0 || text_charge(text);
}

void stream_put(struct stream *stream, struct text *text)
{
	if (stream->state != STREAM_CLOSED && !put(stream, text))
		stream_drop(stream);
}

/* Sends small pieces at once, and notices a client that has vanished. Fails on a Unix socket, which needs neither. */
static void set_tcp_options(int socket)
{
	int on = 1, off = 0;
	unsigned timeout_ms = UNACKNOWLEDGED_MS;

	setsockopt(socket, IPPROTO_TCP, TCP_CORK, &off, sizeof(off));
	setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	setsockopt(socket, IPPROTO_TCP, TCP_USER_TIMEOUT, &timeout_ms, sizeof(timeout_ms));
}

/* Puts the response's head in front of the queue. */
static bool queue_head(struct stream *stream)
{
	struct text *head = text_new(NULL);
	struct text_queue first;
	bool good;

	text_queue_init(&first);
	if (!head)
		return false;
	head->bytes = stream->head;
	buffer_init(&stream->head, SIZE_MAX);
	good = !head->bytes.failed && text_queue_add(&first, head, false);
	text_release(head);
	STAILQ_CONCAT(&first.pieces, &stream->queue.pieces);
	STAILQ_CONCAT(&stream->queue.pieces, &first.pieces);
	stream->queue.waiting += first.waiting;
	return good;
}

void stream_attach(struct stream *stream, int socket)
{
	struct epoll_event event = {.events = EPOLLOUT | EPOLLRDHUP | EPOLLET, .data.ptr = stream};

	set_tcp_options(socket);
	stream->socket = socket;
	if (!queue_head(stream) || epoll_ctl(stream->streams->epoll, EPOLL_CTL_ADD, socket, &event) != 0)
		stream_close(stream);
	else
		stream_flush(stream);
}
