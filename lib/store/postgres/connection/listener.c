/* SPDX-License-Identifier: MIT */
/* listener.c - hears when any server of the database has added to the event log.
 *
 * What is heard is only that there is something: the log itself is read. So a connection that breaks, or a pooler that
 * lets nobody listen, makes events later (whoever reads the log looks from time to time), and loses none. */
#include "listener.h"

#include "clock.h"
#include "session.h"

#include <poll.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

#define PAUSE_MS 1000 /* between two attempts to connect, and looks at where the others are */

struct listener {
	struct postgres *postgres;
	pthread_t thread;
	int stop; /* an eventfd */
};

/* Waits until the socket has something, if it is one, or the time is over; false where it is to stop. */
static bool wait_for(const struct listener *listener, int socket, int milliseconds)
{
	struct pollfd watched[] = {{.fd = listener->stop, .events = POLLIN}, {.fd = socket, .events = POLLIN}};

	poll(watched, 2, milliseconds);
	return !watched[0].revents;
}

static void tell(const struct listener *listener)
{
	listener->postgres->options.recorded(listener->postgres->options.recorded_context);
}

/* Takes what the connection has; false where it has broken. */
static bool hear(const struct listener *listener, PGconn *connection)
{
	bool heard = false;
	PGnotify *notice;

	if (!PQconsumeInput(connection))
		return false;
	while ((notice = PQnotifies(connection))) {
		heard = true;
		PQfreemem(notice);
	}
	if (heard)
		tell(listener);
	return PQstatus(connection) == CONNECTION_OK;
}

static bool is_out_of_place(const struct listener *listener, unsigned moves)
{
	return moves != atomic_load(&listener->postgres->moves);
}

static PGconn *connect_and_listen(const struct listener *listener, unsigned *moves)
{
	struct connected connected;
	struct dm_error error = {0};
	struct session session = {.postgres = listener->postgres};
	int64_t deadline = clock_monotonic() + listener->postgres->limits.batch;

	connected = postgres_connect(listener->postgres, CONNECTION_LANE, &error);
	session.connection = connected.connection;
	*moves = connected.moves;
	if (session.connection &&
	    session_execute(&session, "LISTEN " EVENTS_CHANNEL, NULL, deadline, NULL, &error) != DM_OK) {
		PQfinish(session.connection);
		return NULL;
	}
	return session.connection;
}

static void *listener_main(void *argument)
{
	struct listener *listener = argument;
	bool goes_on = true;

	while (goes_on) {
		unsigned moves;
		PGconn *connection = connect_and_listen(listener, &moves);

		if (connection)
			tell(listener);
		while (goes_on && connection && hear(listener, connection) && !is_out_of_place(listener, moves))
			goes_on = wait_for(listener, PQsocket(connection), PAUSE_MS);
		PQfinish(connection);
		goes_on = goes_on && wait_for(listener, -1, PAUSE_MS);
	}
	return NULL;
}

struct listener *listener_start(struct postgres *postgres)
{
	struct listener *listener = malloc(sizeof(*listener));

	if (!listener)
		return NULL;
	*listener = (struct listener){.postgres = postgres, .stop = eventfd(0, EFD_CLOEXEC)};
	if (listener->stop >= 0 && pthread_create(&listener->thread, NULL, listener_main, listener) == 0)
		return listener;
	if (listener->stop >= 0)
		close(listener->stop);
	free(listener);
	return NULL;
}

void listener_stop(struct listener *listener)
{
	if (!listener)
		return;
	eventfd_write(listener->stop, 1);
	pthread_join(listener->thread, NULL);
	close(listener->stop);
	free(listener);
}
