/* SPDX-License-Identifier: MIT */
/* loop_thread.c - the threads that serve: each polls its sockets and drives a libmicrohttpd daemon of its own.
 *
 * libmicrohttpd's own threads are not used: whenever exactly 128 connections are ready (or a multiple of that), they
 * sleep before they look at any. A daemon that is told not to wait handles all that is ready. */
#include "loop_thread.h"

#include "accept.h"
#include "connection.h"
#include "daemon.h"
#include "reaper.h"

#include <microhttpd.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#define MAX_EVENTS 64

/* ---- its end ------------------------------------------------------------------------------------------------- */

/* Clients that are connected already are served, as far as there is room. Then the address is free for another server,
 * and no more clients can come. Where the socket is kept, those who wait are left to that server. */
static void begin_to_stop(struct loop *loop)
{
	struct http_server *server = loop->server;

	if (!server->options.is_kept)
		accept_last(loop);
	loop->stopping = true;
	loop->stopping_since_ms = loop->timeouts.now_ms;
	loop_stop_listening(loop);
	if (atomic_fetch_sub(&server->listening, 1) == 1)
		close(server->options.socket);
}

/* Requests that wait for the store are always waited for: the store has a time limit of its own. */
static bool is_over(struct loop *loop)
{
	if (!loop->stopping)
		return false;
	if (loop->timeouts.now_ms - loop->stopping_since_ms >= (int64_t)loop->server->stop_seconds * 1000)
		loop->stopped = true;
	return loop->open == 0 || (loop->stopped && loop->working == 0);
}

/* ---- its life ------------------------------------------------------------------------------------------------ */

static void on_wake(struct watch *watch, uint32_t events)
{
	struct loop *loop = watch->loop;
	struct request *request;
	uint64_t count;

	(void)events;
	if (read(loop->wake, &count, sizeof(count)) != sizeof(count))
		return;
	for (request = loop_pop_woken(loop); request; request = request->http.next_woken)
		MHD_resume_connection(request->http.connection);
	if (atomic_exchange(&loop->is_left_a_client, false))
		loop_listen(loop);
	if (atomic_load(&loop->server->stopping) && !loop->stopping)
		begin_to_stop(loop);
}

static void on_daemon(struct watch *watch, uint32_t events)
{
	(void)watch, (void)events; /* the daemon is run in any case */
}

/* How long the loop may sleep, in milliseconds; -1: until something happens. */
static int time_to_sleep(struct loop *loop)
{
	int64_t left = loop->has_resumed ? 0 : reaper_sleep_ms(loop);
	MHD_UNSIGNED_LONG_LONG daemon_left;

	loop->has_resumed = false;
	if (MHD_get_timeout(loop->daemon, &daemon_left) == MHD_YES && (left < 0 || daemon_left < (uint64_t)left))
		left = (int64_t)daemon_left;
	loop->timeouts.asked_to_wait_ms = left;
	return left > INT32_MAX ? INT32_MAX : (int)left;
}

static void *loop_main(void *argument)
{
	struct loop *loop = argument;
	struct epoll_event events[MAX_EVENTS];

	while (!is_over(loop)) {
		int count = epoll_wait(loop->epoll, events, MAX_EVENTS, time_to_sleep(loop));

		timeouts_tick(&loop->timeouts);
		for (int i = 0; i < count; i++) {
			struct watch *watch = events[i].data.ptr;

			watch->ready(watch, events[i].events);
		}
		MHD_run(loop->daemon);
		connection_forget_refused(loop);
		if (reaper_check(loop))
			loop_listen(loop);
	}
	connection_close_aside(loop);
	MHD_stop_daemon(loop->daemon);
	return NULL;
}

/* ---- its start ----------------------------------------------------------------------------------------------- */

static bool open_descriptors(struct loop *loop)
{
	const union MHD_DaemonInfo *info;

	loop->epoll = epoll_create1(EPOLL_CLOEXEC);
	loop->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	loop->daemon = loop->epoll >= 0 && loop->wake >= 0 ? daemon_start(loop) : NULL;
	info = loop->daemon ? MHD_get_daemon_info(loop->daemon, MHD_DAEMON_INFO_EPOLL_FD) : NULL;
	loop->daemon_watch.ready = on_daemon;
	loop->waker.ready = on_wake;
	loop->listener.ready = accept_on_listener;
	return info && loop_watch(loop, info->epoll_fd, EPOLLIN, &loop->daemon_watch) &&
	       loop_watch(loop, loop->wake, EPOLLIN, &loop->waker);
}

void loop_close(struct loop *loop)
{
	pthread_mutex_destroy(&loop->mutex);
	if (loop->wake >= 0)
		close(loop->wake);
	if (loop->epoll >= 0)
		close(loop->epoll);
}

bool loop_start(struct loop *loop, struct http_server *server, size_t max_open)
{
	*loop = (struct loop){.server = server, .max_open = max_open, .last_woken = &loop->woken};
	pthread_mutex_init(&loop->mutex, NULL);
	slots_init(&loop->connections, sizeof(struct connection));
	timeouts_tick(&loop->timeouts);
	if (open_descriptors(loop)) {
		loop_listen(loop);
		if (pthread_create(&loop->thread, NULL, loop_main, loop) == 0)
			return true;
	}
	if (loop->daemon)
		MHD_stop_daemon(loop->daemon);
	loop_close(loop);
	return false;
}

void loop_join(struct loop *loop)
{
	pthread_join(loop->thread, NULL);
}
