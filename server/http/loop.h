/* SPDX-License-Identifier: MIT */
/* loop.h - the threads that serve: each polls its sockets, and drives a libmicrohttpd daemon of its own; for http.c. */
#ifndef LOOP_H
#define LOOP_H

#include "addresses.h"
#include "http.h"
#include "patience.h"

#include <microhttpd.h>
#include <pthread.h>

/* A descriptor that a loop polls: `ready` is called on the loop's thread, with epoll's events. It must not wait. */
struct watch {
	void (*ready)(struct watch *watch, uint32_t events);
	struct loop *loop;
};

struct loop {
	struct http_server *server;
	struct MHD_Daemon *daemon; /* never waits by itself: its descriptor is one of those that are polled */
	pthread_t thread;
	int epoll;
	int wake; /* an eventfd */
	struct watch daemon_watch, listener, waker;
	bool listens;
	size_t most;                 /* connections */
	size_t open;                 /* of them are */
	struct connection *accepted; /* given to the daemon, which has not begun with them yet; the newest first */
	bool resumed;                /* a connection: the daemon has to be run */
	struct patience patience;
	size_t working; /* requests that are within a step or wait for request_wake */
	bool stopping;  /* no connection is taken any more */
	bool stopped;   /* no step is begun any more */
	int64_t stopping_since;
	pthread_mutex_t mutex; /* guards what follows */
	struct request *woken; /* their connections are to be resumed */
	struct request **last_woken;
};

struct http_server {
	struct http_options options;
	struct addresses addresses;
	struct MHD_Response *no_room; /* made at the start, when there was memory */
	atomic_bool stopping;
	unsigned stop_seconds; /* may be read after `stopping` */
	atomic_uint listening; /* loops; the last that stops closes the listening socket */
	unsigned loops_count;
	struct loop loops[];
};

/* Opens the loop's descriptors and starts its thread; false where the system has none, and then nothing is left. */
MUST_CHECK bool loop_start(struct loop *loop, struct http_server *server, size_t most);

/* Makes a loop look whether the server is stopping. */
void loop_wake(struct loop *loop);

/* From any thread, after loop_wake: the loop ends when it has no connections or its time is over. */
void loop_join(struct loop *loop);

/* From any thread: resumes the connection of a request that was suspended. The request may be gone when this returns.
 * libmicrohttpd's own way would be a system call, and a search of all that wait, for each. */
void loop_resume(struct loop *loop, struct request *request);

/* Takes connections again, if it had to stop: there may be room. Only on the loop's thread, as all below. */
void loop_listen(struct loop *loop);

/* Polls a descriptor for epoll's events, until it is forgotten. */
MUST_CHECK bool loop_watch(struct loop *loop, int descriptor, uint32_t events, struct watch *watch);
void loop_rewatch(struct loop *loop, int descriptor, uint32_t events, struct watch *watch);
void loop_forget(struct loop *loop, int descriptor);

/* http.c's: makes the daemon of a loop, with its callbacks. */
MUST_CHECK struct MHD_Daemon *http_daemon(struct loop *loop);

#endif
