/* SPDX-License-Identifier: MIT */
/* loop.c - the threads that serve: each polls its sockets, and drives a libmicrohttpd daemon of its own.
 *
 * libmicrohttpd's own threads are not used: whenever exactly 128 connections are ready (or a multiple of it), they go
 * to sleep before they look at any. A daemon that is asked not to wait handles all that is ready. */
#include "loop.h"

#include "connection.h"

#include <errno.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#define EVENTS_MOST 64

/* Connections that are accepted in a row, while others wait for their answers. */
#define ACCEPT_MOST 10

/* ---- what is polled ------------------------------------------------------------------------------------------ */

static bool control(struct loop *loop, int what, int descriptor, uint32_t events, struct watch *watch)
{
	struct epoll_event event = {.events = events, .data.ptr = watch};

	return epoll_ctl(loop->epoll, what, descriptor, &event) == 0;
}

bool loop_watch(struct loop *loop, int descriptor, uint32_t events, struct watch *watch)
{
	watch->loop = loop;
	return control(loop, EPOLL_CTL_ADD, descriptor, events, watch);
}

void loop_rewatch(struct loop *loop, int descriptor, uint32_t events, struct watch *watch)
{
	control(loop, EPOLL_CTL_MOD, descriptor, events, watch);
}

void loop_forget(struct loop *loop, int descriptor)
{
	control(loop, EPOLL_CTL_DEL, descriptor, 0, NULL);
}

/* ---- who comes ----------------------------------------------------------------------------------------------- */

static void stop_listening(struct loop *loop)
{
	if (loop->listens)
		loop_forget(loop, loop->server->options.socket);
	loop->listens = false;
}

void loop_listen(struct loop *loop)
{
	if (!loop->listens && !loop->stopping && loop->most > 0)
		loop->listens = loop_watch(loop, loop->server->options.socket, EPOLLIN, &loop->listener);
}

/* False where nobody waits, or there is no room. */
static bool accept_one(struct loop *loop)
{
	struct sockaddr_storage address = {0};
	socklen_t length = sizeof(address);
	int socket;

	if (loop->open >= loop->most) {
		if (!patience_make_room(loop))
			stop_listening(loop); /* until somebody leaves, or some have become quiet */
		return false;
	}
	socket = accept4(loop->server->options.socket, (struct sockaddr *)&address, &length,
			 SOCK_NONBLOCK | SOCK_CLOEXEC);
	if (socket >= 0) {
		connection_open(loop, socket, (struct sockaddr *)&address, length);
		return true;
	}
	if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM)
		stop_listening(loop);
	return errno == EINTR || errno == ECONNABORTED;
}

static void on_listener(struct watch *watch, uint32_t events)
{
	unsigned accepted = 0;

	(void)events;
	while (accepted < ACCEPT_MOST && accept_one(watch->loop))
		accepted++;
}

/* ---- the end ------------------------------------------------------------------------------------------------- */

/* Who is connected already is served, as far as there is room; then the address is free, and nobody else can come. */
static void begin_to_stop(struct loop *loop)
{
	struct http_server *server = loop->server;

	while (accept_one(loop))
		;
	loop->stopping = true;
	loop->stopping_since = loop->patience.now;
	stop_listening(loop);
	if (atomic_fetch_sub(&server->listening, 1) == 1)
		close(server->options.socket);
}

/* What waits for the store ends by itself: that has its own time limit. */
static bool is_over(struct loop *loop)
{
	if (!loop->stopping)
		return false;
	if (loop->patience.now - loop->stopping_since >= (int64_t)loop->server->stop_seconds * 1000)
		loop->stopped = true;
	return loop->open == 0 || (loop->stopped && loop->working == 0);
}

/* ---- what other threads tell --------------------------------------------------------------------------------- */

void loop_wake(struct loop *loop)
{
	static const uint64_t one = 1;

	while (write(loop->wake, &one, sizeof(one)) < 0 && errno == EINTR)
		;
}

void loop_resume(struct loop *loop, struct request *request)
{
	pthread_mutex_lock(&loop->mutex);
	request->http.next_woken = NULL;
	*loop->last_woken = request;
	loop->last_woken = &request->http.next_woken;
	if (loop->woken == request)
		loop_wake(loop); /* within the lock: when the loop has the request, nobody else is at work here */
	pthread_mutex_unlock(&loop->mutex);
}

static struct request *take_woken(struct loop *loop)
{
	struct request *woken;

	pthread_mutex_lock(&loop->mutex);
	woken = loop->woken;
	loop->woken = NULL;
	loop->last_woken = &loop->woken;
	pthread_mutex_unlock(&loop->mutex);
	return woken;
}

static void on_wake(struct watch *watch, uint32_t events)
{
	struct loop *loop = watch->loop;
	struct request *request;
	uint64_t count;

	(void)events;
	if (read(loop->wake, &count, sizeof(count)) != sizeof(count))
		return;
	for (request = take_woken(loop); request; request = request->http.next_woken)
		MHD_resume_connection(request->http.connection);
	if (atomic_load(&loop->server->stopping) && !loop->stopping)
		begin_to_stop(loop);
}

/* ---- its thread ---------------------------------------------------------------------------------------------- */

/* How long the loop may sleep, in milliseconds; -1: until something happens. */
static int time_to_sleep(struct loop *loop)
{
	int64_t left = loop->resumed ? 0 : patience_left(loop);
	MHD_UNSIGNED_LONG_LONG daemon_left;

	loop->resumed = false;
	if (MHD_get_timeout(loop->daemon, &daemon_left) == MHD_YES && (left < 0 || daemon_left < (uint64_t)left))
		left = (int64_t)daemon_left;
	loop->patience.asked = left;
	return left > INT32_MAX ? INT32_MAX : (int)left;
}

static void *loop_main(void *argument)
{
	struct loop *loop = argument;
	struct epoll_event events[EVENTS_MOST];

	while (!is_over(loop)) {
		int count = epoll_wait(loop->epoll, events, EVENTS_MOST, time_to_sleep(loop));

		patience_tick(&loop->patience);
		for (int i = 0; i < count; i++) {
			struct watch *watch = events[i].data.ptr;

			watch->ready(watch, events[i].events);
		}
		MHD_run(loop->daemon);
		connection_forget_refused(loop);
		if (patience_check(loop))
			loop_listen(loop);
	}
	MHD_stop_daemon(loop->daemon);
	return NULL;
}

static void on_daemon(struct watch *watch, uint32_t events)
{
	(void)watch, (void)events; /* it is run in any case */
}

static bool open_descriptors(struct loop *loop)
{
	const union MHD_DaemonInfo *info;

	loop->epoll = epoll_create1(EPOLL_CLOEXEC);
	loop->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	loop->daemon = loop->epoll >= 0 && loop->wake >= 0 ? http_daemon(loop) : NULL;
	info = loop->daemon ? MHD_get_daemon_info(loop->daemon, MHD_DAEMON_INFO_EPOLL_FD) : NULL;
	loop->daemon_watch.ready = on_daemon;
	loop->waker.ready = on_wake;
	loop->listener.ready = on_listener;
	return info && loop_watch(loop, info->epoll_fd, EPOLLIN, &loop->daemon_watch) &&
	       loop_watch(loop, loop->wake, EPOLLIN, &loop->waker);
}

static void close_descriptors(struct loop *loop)
{
	pthread_mutex_destroy(&loop->mutex);
	if (loop->wake >= 0)
		close(loop->wake);
	if (loop->epoll >= 0)
		close(loop->epoll);
}

bool loop_start(struct loop *loop, struct http_server *server, size_t most)
{
	*loop = (struct loop){.server = server, .most = most, .last_woken = &loop->woken};
	pthread_mutex_init(&loop->mutex, NULL);
	patience_tick(&loop->patience);
	if (open_descriptors(loop)) {
		loop_listen(loop);
		if (pthread_create(&loop->thread, NULL, loop_main, loop) == 0)
			return true;
	}
	if (loop->daemon)
		MHD_stop_daemon(loop->daemon);
	close_descriptors(loop);
	return false;
}

void loop_join(struct loop *loop)
{
	pthread_join(loop->thread, NULL);
	close_descriptors(loop);
}
