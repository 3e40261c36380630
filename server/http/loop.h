/* SPDX-License-Identifier: MIT */
/* loop.h - a loop: a thread that polls its sockets and drives a libmicrohttpd daemon of its own. Here is what it holds,
 * what it polls, and how other threads wake it; loop_thread.c is the thread. */
#ifndef LOOP_H
#define LOOP_H

#include "addresses.h"
#include "http_options.h"
#include "slots.h"
#include "timeouts.h"

#include <pthread.h>

struct MHD_Daemon;
struct MHD_Response;

/* A descriptor that a loop polls: `ready` is called on the loop's thread, with epoll's events. It must not block. */
struct watch {
	void (*ready)(struct watch *watch, uint32_t events);
	struct loop *loop;
};

struct loop {
	struct http_server *server;
	struct MHD_Daemon *daemon; /* never blocks: its epoll descriptor is one of those that are polled */
	pthread_t thread;
	int epoll;
	int wake; /* an eventfd */
	struct watch daemon_watch, listener, waker;
	bool listens;
	size_t max_open;              /* connections */
	atomic_size_t open;           /* of them; the other loops compare it with theirs */
	atomic_bool is_left_a_client; /* by another loop, that has more */
	struct slots connections;
	struct connection *accepted; /* given to the daemon, which has not started them yet, or closed while they were
					aside; the newest first */
	bool has_resumed;            /* a connection was resumed, so the daemon must be run */
	struct timeouts timeouts;
	size_t working; /* requests between work_begin and work_end */
	bool stopping;  /* no connection is accepted any more */
	bool stopped;   /* no step begins any more */
	int64_t stopping_since_ms;
	pthread_mutex_t mutex; /* guards what follows */
	struct request *woken; /* their connections are to be resumed */
	struct request **last_woken;
};

struct http_server {
	struct http_options options;
	struct addresses addresses;
	struct MHD_Response *no_room; /* made at the start, while there was memory */
	atomic_bool stopping;
	unsigned stop_seconds;   /* set before `stopping` */
	atomic_uint listening;   /* loops; the last to stop closes the listening socket */
	atomic_uint loops_count; /* of those that have started */
	struct loop loops[];
};

/* ---- on any thread ------------------------------------------------------------------------------------------- */

/* Makes the loop look whether the server is stopping, and whether it is left a client. */
void loop_wake(struct loop *loop);

/* Resumes the connection of a suspended request. The request may be gone when this returns. (libmicrohttpd's own way
 * would cost a system call for each, and a search through all that are suspended.) */
void loop_resume(struct loop *loop, struct request *request);

/* ---- on the loop's thread ------------------------------------------------------------------------------------ */

/* The list of requests that loop_resume was called for, linked by http.next_woken; the oldest first. */
struct request *loop_pop_woken(struct loop *loop);

/* Starts and stops polling the listening socket; both may be called at any time. */
void loop_listen(struct loop *loop);
void loop_stop_listening(struct loop *loop);

/* Polls a descriptor for epoll's events, until it is forgotten. False: the system has no memory for it. */
MUST_CHECK bool loop_watch(struct loop *loop, int descriptor, uint32_t events, struct watch *watch);
void loop_rewatch(struct loop *loop, int descriptor, uint32_t events, struct watch *watch);
void loop_forget(struct loop *loop, int descriptor);

#endif
