/* SPDX-License-Identifier: MIT */
/* stream.h - the streams that are open: whose they are, their sockets, what waits to be sent; the hub's thread's own.
 */
#ifndef STREAM_H
#define STREAM_H

#include "hub.h"
#include "text.h"

#include <stdatomic.h>
#include <sys/queue.h>

enum stream_state {
	STREAM_JOINING,   /* its request waits for an answer */
	STREAM_REPLAYING, /* reads the log by itself */
	STREAM_PAUSED,    /* so it did, until its queue was full */
	STREAM_LIVE,      /* gets what is read of the log's end */
	STREAM_CLOSED     /* to be freed at the end of the round */
};

/* What others than the hub's thread tell it of a stream. */
enum stream_news { STREAM_ASKS, STREAM_HAS_SOCKET, STREAM_HAS_NONE };

struct stream {
	/* Between the threads: */
	struct hub *hub;
	struct stream *next_of_mail;
	enum stream_news news;
	struct request *request; /* until it has its answer */
	enum hub_answer answer;
	int given_socket;
	struct buffer head;

	/* The hub's thread's own: */
	struct streams *streams;
	int socket; /* -1 until it is there */
	enum stream_state state;
	int64_t user_id;
	struct span key, asked, path;      /* in text; asked.data is NULL where a client told no position */
	struct dm_event_position position; /* it has all events up to this one */
	struct text_queue queue;
	bool in_chunks; /* what is sent goes in HTTP's chunks */
	bool awaits_socket;
	bool is_stuck;             /* nothing of its queue was taken since the last heartbeat */
	uint64_t sent;             /* bytes in all */
	int64_t began_at, beat_at; /* by the monotonic clock */
	struct stream *next_of_bucket;
	TAILQ_ENTRY(stream) working; /* joining and replaying ones */
	TAILQ_ENTRY(stream) beating; /* admitted ones, in the order in which heartbeats are due */
	TAILQ_ENTRY(stream) closed;
	char text[];
};
TAILQ_HEAD(stream_list, stream);

#define STREAM_BUCKETS 4096

struct streams {
	const struct hub_options *options;
	int epoll;
	struct stream_list working, beating, closed;
	struct stream *buckets[STREAM_BUCKETS]; /* by user */
	atomic_uint_least64_t open, opened, dropped, dispatched;
};

/* False where there is no descriptor. */
MUST_CHECK bool streams_init(struct streams *streams, const struct hub_options *options);
void streams_release(struct streams *streams);

/* The streams of one user are among those of its bucket. */
struct stream *streams_of_bucket(struct streams *streams, int64_t user_id);

/* Takes it among the joining, within the limits; what the answer is otherwise. */
enum hub_answer streams_add(struct streams *streams, struct stream *stream);

/* Frees those that are closed. */
void streams_reap(struct streams *streams);

void stream_set_state(struct stream *stream, enum stream_state state);

/* Gives its request the answer. Admitted, it is to beat; otherwise it is the request's again, and gone from here. */
void stream_answer(struct stream *stream, enum hub_answer answer);

/* It can send from now on, first of all its response's head; the socket is the stream's. */
void stream_attach(struct stream *stream, int socket);

/* Sends the text, or puts it into the queue. NULL is one for which there was no memory. Where too much waits there
 * already, or there is no memory for more, the stream is dropped: its client comes again and goes on from what it saw
 * last. */
void stream_put(struct stream *stream, struct text *text);

/* Sends what the socket takes of the queue. */
void stream_flush(struct stream *stream);

/* Tells the client that the stream is over, if its queue is empty, and closes. */
void stream_end(struct stream *stream);

/* Closes the socket, at once. */
void stream_close(struct stream *stream);
void stream_drop(struct stream *stream);

#endif
