/* SPDX-License-Identifier: MIT */
/* stream.h - the open event streams: whose they are, their sockets, what waits to be sent. Everything here belongs to
 * the hub's thread unless a comment says otherwise. */
#ifndef STREAM_H
#define STREAM_H

#include "http.h"
#include "hub_options.h"
#include "text.h"

#include <stdatomic.h>
#include <sys/queue.h>

enum stream_state {
	STREAM_JOINING,   /* its request waits for the hub's reply */
	STREAM_REPLAYING, /* reads the event log by itself, from the client's position */
	STREAM_PAUSED,    /* a replaying stream whose queue has to be sent first */
	STREAM_LIVE,      /* gets each new event */
	STREAM_CLOSED     /* freed at the end of the round */
};

/* What other threads post about a stream. */
enum stream_mail { MAIL_ASKS, MAIL_SOCKET, MAIL_NO_SOCKET };

struct stream {
	/* Handed over between the threads: */
	struct mailbox *mailbox;
	struct stream *next_of_mail;
	enum stream_mail mail;
	struct request *request; /* NULL once it has the reply */
	enum hub_reply reply;
	int given_socket;
	struct buffer head; /* of the response */

	/* The hub's thread's: */
	struct streams *streams;
	int socket; /* -1 before it is attached */
	enum stream_state state;
	int64_t user_id;
	struct span key, asked, path;      /* in `text`; asked.data is NULL if the client gave no position */
	struct dm_event_position position; /* the stream has all events up to this one */
	struct text_queue queue;
	bool is_chunked;                /* the body is sent in HTTP chunks */
	bool awaits_socket;             /* the request has yet to post MAIL_SOCKET or MAIL_NO_SOCKET */
	bool is_being_checked;          /* the checker refers to it, and it is not in streams.checked */
	bool is_stalled;                /* the client has taken nothing since the last heartbeat */
	uint64_t sent;                  /* bytes */
	int64_t began_at, heartbeat_at; /* microseconds, monotonic */
	int64_t checked_at;             /* likewise: its caller was still allowed to listen */
	int64_t expires_at;             /* likewise: the stream ends; 0: not by itself */
	struct stream *next_of_bucket;
	TAILQ_ENTRY(stream) pending;
	TAILQ_ENTRY(stream) admitted;
	TAILQ_ENTRY(stream) checked;
	TAILQ_ENTRY(stream) closed;
	char text[];
};
TAILQ_HEAD(stream_list, stream);

#define STREAM_BUCKETS 4096

struct streams {
	const struct hub_options *options;
	int epoll;
	struct stream_list pending;  /* joining and replaying streams */
	struct stream_list admitted; /* in the order in which their heartbeats are due */
	struct stream_list checked;  /* the same, by checked_at */
	struct stream_list closed;
	struct stream *buckets[STREAM_BUCKETS];                  /* a hash table by user */
	atomic_uint_least64_t open, opened, dropped, dispatched; /* see hub_counts; read by any thread */
};

/* Borrows the options. False: no file descriptor. */
MUST_CHECK bool streams_init(struct streams *streams, const struct hub_options *options);
void streams_release(struct streams *streams);

/* The first stream of the user's bucket, which may hold streams of other users too. Follow next_of_bucket. */
struct stream *streams_bucket(struct streams *streams, int64_t user_id);

/* Adds a joining stream and returns HUB_ADMITTED, or returns which limit forbids it. */
MUST_CHECK enum hub_reply streams_add(struct streams *streams, struct stream *stream);

/* Frees the closed streams, but for those that their request or the checker still refers to. */
void streams_reap(struct streams *streams);

/* The stream of a request that asks for one, in STREAM_JOINING; copies the client's texts and the request's path. NULL:
 * no memory. Callable on any thread. */
MUST_CHECK struct stream *stream_new(struct request *request, int64_t user_id, struct span key,
				     const struct span *position);

void stream_set_state(struct stream *stream, enum stream_state state);

/* Sets when the next heartbeat is due, and puts the stream into its place among the admitted ones. It is in no list of
 * them yet, or any more. A stream that expires before is due then. */
void stream_set_heartbeat(struct stream *stream);

/* Gives the reply to the stream's request and wakes it. HUB_ADMITTED: heartbeats begin. Else the stream belongs to the
 * request. */
void stream_reply(struct stream *stream, enum hub_reply reply);

/* Takes over the socket and sends the response's head, then the queue. */
void stream_attach(struct stream *stream, int socket);

/* Sends the text or queues it. NULL stands for a text that found no memory. If more than max_queue_bytes wait already,
 * or there is no memory, the stream is dropped: the client reconnects and continues from its position. */
void stream_put(struct stream *stream, struct text *text);

/* Sends as much of the queue as the socket takes. */
void stream_flush(struct stream *stream);

/* Ends the response, if its queue is empty, and closes. */
void stream_end(struct stream *stream);

/* Closes the socket at once. stream_drop counts the client as too slow. */
void stream_close(struct stream *stream);
void stream_drop(struct stream *stream);

#endif
