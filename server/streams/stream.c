/* SPDX-License-Identifier: MIT */
/* stream.c - the streams that are open: whose they are, their sockets, what waits to be sent. */
#include "stream.h"

#include "clock.h"
#include "log.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

/* A client that does not confirm for so long what it was sent is gone. */
#define UNCONFIRMED_MS 60000

bool streams_init(struct streams *streams, const struct hub_options *options)
{
	streams->options = options;
	TAILQ_INIT(&streams->working);
	TAILQ_INIT(&streams->beating);
	TAILQ_INIT(&streams->closed);
	streams->epoll = epoll_create1(EPOLL_CLOEXEC);
	return streams->epoll >= 0;
}

void streams_release(struct streams *streams)
{
	close(streams->epoll);
}

/* ---- who is there -------------------------------------------------------------------------------------------- */

static struct stream **bucket_of(struct streams *streams, int64_t user_id)
{
	return &streams->buckets[(uint64_t)user_id % STREAM_BUCKETS];
}

struct stream *streams_of_bucket(struct streams *streams, int64_t user_id)
{
	return *bucket_of(streams, user_id);
}

enum hub_answer streams_add(struct streams *streams, struct stream *stream)
{
	struct stream **place = bucket_of(streams, stream->user_id);
	size_t of_user = 0;

	for (struct stream *other = *place; other; other = other->next_of_bucket)
		of_user += other->user_id == stream->user_id;
	if (streams->open >= streams->options->streams)
		return HUB_FULL;
	if (of_user >= streams->options->streams_per_user)
		return HUB_FULL_USER;
	stream->streams = streams;
	stream->state = STREAM_JOINING;
	stream->began_at = clock_monotonic();
	stream->next_of_bucket = *place;
	*place = stream;
	TAILQ_INSERT_TAIL(&streams->working, stream, working);
	streams->open++;
	streams->opened++;
	return HUB_ADMITTED;
}

/* Nobody finds it any more. */
static void take_out(struct stream *stream)
{
	struct stream **place = bucket_of(stream->streams, stream->user_id);

	while (*place != stream)
		place = &(*place)->next_of_bucket;
	*place = stream->next_of_bucket;
	stream_set_state(stream, STREAM_CLOSED);
	stream->streams->open--;
}

static bool is_worked_on(enum stream_state state)
{
	return state == STREAM_JOINING || state == STREAM_REPLAYING;
}

void stream_set_state(struct stream *stream, enum stream_state state)
{
	struct streams *streams = stream->streams;

	if (is_worked_on(stream->state) && !is_worked_on(state))
		TAILQ_REMOVE(&streams->working, stream, working);
	if (!is_worked_on(stream->state) && is_worked_on(state))
		TAILQ_INSERT_TAIL(&streams->working, stream, working);
	stream->state = state;
}

void stream_answer(struct stream *stream, enum hub_answer answer)
{
	struct request *request = stream->request;

	stream->request = NULL;
	stream->answer = answer;
	if (answer == HUB_ADMITTED) {
		stream->awaits_socket = true;
		stream->beat_at = clock_monotonic() + stream->streams->options->heartbeat_seconds * INT64_C(1000000);
		TAILQ_INSERT_TAIL(&stream->streams->beating, stream, beating);
	} else if (stream->streams) {
		take_out(stream);
	}
	request_wake(request);
}

void streams_reap(struct streams *streams)
{
	struct stream *stream, *next;

	for (stream = TAILQ_FIRST(&streams->closed); stream; stream = next) {
		next = TAILQ_NEXT(stream, closed);
		if (stream->awaits_socket) /* its request does not know yet */
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
		close(stream->socket); /* leaves the epoll set by that */
		write_access(stream);
	}
	stream->socket = -1;
	text_queue_clear(&stream->queue);
	TAILQ_REMOVE(&stream->streams->beating, stream, beating);
	take_out(stream);
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
	stream->is_stuck = stream->is_stuck && sent == 0;
	if (stream->queue.waiting == 0 && stream->state == STREAM_PAUSED)
		stream_set_state(stream, STREAM_REPLAYING);
}

void stream_end(struct stream *stream)
{
	static const char last[] = "0\r\n\r\n";

	if (stream->in_chunks && stream->socket >= 0 && stream->queue.waiting == 0 &&
	    send(stream->socket, last, sizeof(last) - 1, MSG_NOSIGNAL | MSG_DONTWAIT) > 0)
		stream->sent += sizeof(last) - 1;
	stream_close(stream);
}

/* One text is one chunk: clients that read a body chunk by chunk see it at once. One event may be larger than all that
 * may wait. */
static bool put(struct stream *stream, struct text *text)
{
	if (!text || text->bytes.failed || stream->queue.waiting > stream->streams->options->queue_bytes ||
	    !text_queue_add(&stream->queue, text, stream->in_chunks))
		return false;
	stream_flush(stream);
	return stream->queue.waiting == 0 || text_settle(text);
}

void stream_put(struct stream *stream, struct text *text)
{
	if (stream->state != STREAM_CLOSED && !put(stream, text))
		stream_drop(stream);
}

/* Small pieces go at once, and a client that has vanished is noticed. Fails on a Unix socket, which needs neither. */
static void tune(int socket)
{
	int on = 1, off = 0;
	unsigned unconfirmed = UNCONFIRMED_MS;

	setsockopt(socket, IPPROTO_TCP, TCP_CORK, &off, sizeof(off));
	setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	setsockopt(socket, IPPROTO_TCP, TCP_USER_TIMEOUT, &unconfirmed, sizeof(unconfirmed));
}

/* Before all that waits already. */
static bool put_head(struct stream *stream)
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
	text_drop(head);
	STAILQ_CONCAT(&first.pieces, &stream->queue.pieces);
	STAILQ_CONCAT(&stream->queue.pieces, &first.pieces);
	stream->queue.waiting += first.waiting;
	return good;
}

void stream_attach(struct stream *stream, int socket)
{
	struct epoll_event event = {.events = EPOLLOUT | EPOLLRDHUP | EPOLLET, .data.ptr = stream};

	tune(socket);
	stream->socket = socket;
	if (!put_head(stream) || epoll_ctl(stream->streams->epoll, EPOLL_CTL_ADD, socket, &event) != 0)
		stream_close(stream);
	else
		stream_flush(stream);
}
