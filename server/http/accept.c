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

/* A loop with room that has fewer connections; NULL: there is none. */
static struct loop *with_fewer(struct loop *loop)
{
	struct http_server *server = loop->server;
	unsigned count = atomic_load(&server->loops_count);
	struct loop *fewest = loop;

	for (unsigned i = 0; i < count; i++) {
		struct loop *other = &server->loops[i];

		if (other->open < fewest->open && other->open < other->max_open)
			fewest = other;
	}
	return fewest == loop ? NULL : fewest;
}

/* All loops poll the listening socket, and the first to wake up would get all who come at once: their requests would
 * have one core, for as long as they stay connected. So a loop leaves the next client to the one that has the fewest.
 * That one listens again when it is woken, so whoever waits is accepted. */
void accept_on_listener(struct watch *watch, uint32_t events)
{
	struct loop *loop = watch->loop;

	(void)events;
	for (unsigned i = 0; i < MAX_ACCEPTS; i++) {
		struct loop *other = with_fewer(loop);

		if (other) {
			loop_stop_listening(loop);
			atomic_store(&other->is_left_a_client, true);
			loop_wake(other);
			return;
		}
		if (!accept_one(loop))
			return;
	}
}

void accept_last(struct loop *loop)
{
	for (unsigned i = 0; i < LISTEN_BACKLOG && accept_one(loop); i++)
		;
}
