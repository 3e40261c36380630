/* SPDX-License-Identifier: MIT */
/* accept.c - accepts clients into a loop. */
#include "accept.h"

#include "connection.h"
#include "listen.h"
#include "reaper.h"

#include <errno.h>
#include <sys/socket.h>

/* In a row, while others wait for their responses. */
#define MAX_ACCEPTS 10

/* False: nobody is waiting, or there is no room. */
static bool accept_one(struct loop *loop)
{
	struct sockaddr_storage address = {0};
	socklen_t length = sizeof(address);
	int socket;

	if (loop->open >= loop->max_open) {
		if (!reaper_make_room(loop))
			loop_stop_listening(loop); /* until a client leaves, or some have become quiet */
		return false;
	}
	socket = accept4(loop->server->options.socket, (struct sockaddr *)&address, &length,
			 SOCK_NONBLOCK | SOCK_CLOEXEC);
	if (socket >= 0) {
		connection_open(loop, socket, (struct sockaddr *)&address, length);
		return true;
	}
	if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM)
		loop_stop_listening(loop);
	return errno == EINTR || errno == ECONNABORTED;
}

static void accept_up_to(struct loop *loop, unsigned count)
{
	while (count > 0 && accept_one(loop))
		count--;
}

void accept_on_listener(struct watch *watch, uint32_t events)
{
	(void)events;
	accept_up_to(watch->loop, MAX_ACCEPTS);
}

void accept_last(struct loop *loop)
{
	accept_up_to(loop, LISTEN_BACKLOG);
}
