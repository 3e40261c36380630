/* SPDX-License-Identifier: MIT */
/* loop.c - what a loop polls, and how other threads wake it. */
#include "loop.h"

#include <errno.h>
#include <sys/epoll.h>
#include <unistd.h>

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

void loop_stop_listening(struct loop *loop)
{
	if (loop->listens)
		loop_forget(loop, loop->server->options.socket);
	loop->listens = false;
}

void loop_listen(struct loop *loop)
{
	if (!loop->listens && !loop->stopping && loop->max_open > 0)
		loop->listens = loop_watch(loop, loop->server->options.socket, EPOLLIN, &loop->listener);
}

/* ---- other threads ------------------------------------------------------------------------------------------- */

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
		loop_wake(
			loop); /* under the lock: once the loop has the request, no other thread may be at work here */
	pthread_mutex_unlock(&loop->mutex);
}

struct request *loop_pop_woken(struct loop *loop)
{
	struct request *woken;

	pthread_mutex_lock(&loop->mutex);
	woken = loop->woken;
	loop->woken = NULL;
	loop->last_woken = &loop->woken;
	pthread_mutex_unlock(&loop->mutex);
	return woken;
}
