/* SPDX-License-Identifier: MIT */
/* listener.c - listens for notifications that a server has added to the event log.
 *
 * A notification says only that there is something to read. Whoever reads the log also looks from time to time. So
 * where a connection breaks, or a pooler lets nobody listen, events come later, and none is lost. */
#include "listener.h"

#include "clock.h"
#include "session.h"

#include <poll.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

#define PAUSE_MS 1000 /* between two attempts to connect, and between two looks whether the sessions have moved */

struct listener {
	struct postgres *postgres;
	pthread_t thread;
	int stop; /* an eventfd */
};

/* Waits until the socket (-1: none) has something to read, at most for so long. False: the listener is to stop. */
static bool wait_for(const struct listener *listener, int socket, int milliseconds)
{
	struct pollfd watched[] = {{.fd = listener->stop, .events = POLLIN}, {.fd = socket, .events = POLLIN}};

	poll(watched, 2, milliseconds);
	return !watched[0].revents;
}

static void report_events(const struct listener *listener)
{
	listener->postgres->options.recorded(listener->postgres->options.recorded_context);
}

/* Reads the notifications that have come, and reports them. False: the connection has broken. */
static bool read_notifications(const struct listener *listener, PGconn *connection)
{
	bool has_come = false;
	PGnotify *notice;

	if (!PQconsumeInput(connection))
		return false;
	while ((notice = PQnotifies(connection))) {
		has_come = true;
		PQfreemem(notice);
	}
	if (has_come)
		report_events(listener);
	return PQstatus(connection) == CONNECTION_OK;
}

/* Whether the sessions have moved to another host since. */
static bool is_out_of_place(const struct listener *listener, unsigned moves)
{
	return moves != atomic_load(&listener->postgres->moves);
}

static PGconn *connect_and_listen(const struct listener *listener, unsigned *moves)
{
	struct connected connected;
	struct dm_error error = {0};
	struct pg_session session = {.postgres = listener->postgres};
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
	bool running = true;

	while (running) {
		unsigned moves;
		PGconn *connection = connect_and_listen(listener, &moves);

		if (connection)
			report_events(listener);
		while (running && connection && read_notifications(listener, connection) &&
		       !is_out_of_place(listener, moves))
			running = wait_for(listener, PQsocket(connection), PAUSE_MS);
		PQfinish(connection);
		running = running && wait_for(listener, -1, PAUSE_MS);
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
