/* SPDX-License-Identifier: MIT */
/* listener.c - tells the other servers of the database that the event log has grown, and hears of it from them.
 *
 * A notification says only that there is something to read. Whoever reads the log also looks from time to time. So
 * where a connection breaks, or a pooler lets nobody listen, events come later, and none is lost.
 *
 * It is sent after the commit, on this connection: a transaction that notifies holds a lock of the whole cluster until
 * it is on the disk, and on a synchronous standby. */
#include "listener.h"

#include "clock.h"
#include "session.h"

#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

/* Between two attempts to connect, or to notify, and between two looks whether the sessions moved, in milliseconds. */
#define PAUSE_MS 1000

/* So many pauses pass before a standby is left for a look whether a host takes writes: nobody can listen there. */
#define PAUSES_ON_STANDBY 5

/* Between two notifications, in milliseconds. */
#define ANNOUNCE_MS 50

struct listener {
	struct postgres *postgres;
	pthread_t thread;
	int wake; /* an eventfd */
	atomic_bool stopping;
	atomic_bool has_news; /* events were committed that were not announced */
};

/* Its connection at present; all of it belongs to the thread. */
struct line {
	PGconn *connection;  /* NULL: there is none */
	unsigned moves;      /* of the sessions, when it was made */
	bool is_standby;     /* which refuses LISTEN and NOTIFY */
	bool is_announcing;  /* a NOTIFY is under way */
	int64_t announce_at; /* the next one, not before; by the monotonic clock */
};

/* Waits until the line has something to read or there are news, at most for so long. */
static void wait_for(const struct listener *listener, const struct line *line, int milliseconds)
{
	int socket = line->connection ? PQsocket(line->connection) : -1;
	struct pollfd watched[] = {{.fd = listener->wake, .events = POLLIN}, {.fd = socket, .events = POLLIN}};
	eventfd_t ignored;

	poll(watched, 2, milliseconds);
	if (watched[0].revents)
		eventfd_read(listener->wake, &ignored);
}

static void report_events(const struct listener *listener)
{
	listener->postgres->options.recorded(listener->postgres->options.recorded_context);
}

/* ---- hearing ------------------------------------------------------------------------------------------------- */

/* Reads the result of NOTIFY, if it has come. After a failure it is tried again in a while. */
static void read_announced(struct listener *listener, struct line *line)
{
	while (line->is_announcing && !PQisBusy(line->connection)) {
		PGresult *result = PQgetResult(line->connection);

		line->is_announcing = result != NULL;
		if (result && result_is_error(result)) {
			atomic_store(&listener->has_news, true);
			line->announce_at = clock_monotonic() + PAUSE_MS * 1000;
		}
		PQclear(result);
	}
}

/* Reads what has come, and reports other servers' notifications. False: the connection has broken. */
static bool hear(struct listener *listener, struct line *line)
{
	bool has_come = false;
	PGnotify *notice;

	if (!PQconsumeInput(line->connection))
		return false;
	read_announced(listener, line);
	while ((notice = PQnotifies(line->connection))) {
		has_come |= notice->be_pid != PQbackendPID(line->connection);
		PQfreemem(notice);
	}
	if (has_come)
		report_events(listener);
	return PQstatus(line->connection) == CONNECTION_OK;
}

/* ---- telling ------------------------------------------------------------------------------------------------- */

/* Announces what is new, if it is time. */
static void announce(struct listener *listener, struct line *line)
{
	int64_t now = clock_monotonic();

	if (line->is_announcing || now < line->announce_at || !atomic_exchange(&listener->has_news, false))
		return;
	line->announce_at = now + ANNOUNCE_MS * 1000;
	line->is_announcing = PQsendQuery(line->connection, "NOTIFY " EVENTS_CHANNEL);
	if (!line->is_announcing)
		atomic_store(&listener->has_news, true);
}

/* How long the thread may sleep, in milliseconds. */
static int time_to_sleep(struct listener *listener, const struct line *line)
{
	int64_t left = line->announce_at - clock_monotonic();

	if (line->is_announcing || !atomic_load(&listener->has_news) || left > PAUSE_MS * 1000)
		return PAUSE_MS;
	return left > 0 ? (int)((left + 999) / 1000) : 0;
}

/* ---- its thread ---------------------------------------------------------------------------------------------- */

/* Whether the sessions have moved to another host since. */
static bool is_out_of_place(const struct listener *listener, const struct line *line)
{
	return line->moves != atomic_load(&listener->postgres->moves);
}

/* Asks before it listens: a standby would write an error into its log each time. */
static enum dm_status begin_to_listen(struct pg_session *session, struct line *line, struct dm_error *error)
{
	int64_t deadline = clock_monotonic() + session->postgres->limits.batch;
	PGresult *result = NULL;
	enum dm_status status = session_execute(session, "SELECT pg_is_in_recovery()", NULL, deadline, &result, error);

	line->is_standby = status == DM_OK && strcmp(PQgetvalue(result, 0, 0), "t") == 0;
	PQclear(result);
	if (status != DM_OK || line->is_standby)
		return status;
	return session_execute(session, "LISTEN " EVENTS_CHANNEL, NULL, deadline, NULL, error);
}

static void connect_and_listen(const struct listener *listener, struct line *line)
{
	struct dm_error error = {0};
	struct connected connected = postgres_connect(listener->postgres, CONNECTION_LANE, &error);
	struct pg_session session = {.postgres = listener->postgres, .connection = connected.connection};

	*line = (struct line){.connection = connected.connection, .moves = connected.moves};
	if (session.connection && begin_to_listen(&session, line, &error) != DM_OK) {
		PQfinish(session.connection);
		line->connection = NULL;
	}
}

/* Until it is time to look for another host. */
static void stay_on_standby(const struct listener *listener, struct line *line)
{
	PQfinish(line->connection);
	line->connection = NULL;
	for (int i = 0; i < PAUSES_ON_STANDBY && !atomic_load(&listener->stopping) && !is_out_of_place(listener, line);
	     i++)
		wait_for(listener, line, PAUSE_MS);
}

/* Until the connection is of no use any more, or the listener stops. */
static void use(struct listener *listener, struct line *line)
{
	report_events(listener);
	while (!atomic_load(&listener->stopping) && hear(listener, line) && !is_out_of_place(listener, line)) {
		announce(listener, line);
		PQflush(line->connection);
		wait_for(listener, line, time_to_sleep(listener, line));
	}
	if (line->is_announcing) /* perhaps in vain */
		atomic_store(&listener->has_news, true);
	line->announce_at = 0;
	if (atomic_load(&listener->stopping))
		announce(listener, line);
	PQflush(line->connection);
	PQfinish(line->connection);
	line->connection = NULL;
}

static void *listener_main(void *argument)
{
	struct listener *listener = argument;
	struct line line;

	while (!atomic_load(&listener->stopping)) {
		connect_and_listen(listener, &line);
		if (line.connection && line.is_standby)
			stay_on_standby(listener, &line);
		else if (line.connection)
			use(listener, &line);
		if (!atomic_load(&listener->stopping))
			wait_for(listener, &line, PAUSE_MS);
	}
	return NULL;
}

struct listener *listener_start(struct postgres *postgres)
{
	struct listener *listener = malloc(sizeof(*listener));

	if (!listener)
		return NULL;
	*listener = (struct listener){.postgres = postgres, .wake = eventfd(0, EFD_CLOEXEC)};
	if (listener->wake >= 0 && pthread_create(&listener->thread, NULL, listener_main, listener) == 0)
		return listener;
	if (listener->wake >= 0)
		close(listener->wake);
	free(listener);
	return NULL;
}

void listener_announce(struct listener *listener)
{
	if (listener && !atomic_exchange(&listener->has_news, true))
		eventfd_write(listener->wake, 1);
}

void listener_stop(struct listener *listener)
{
	if (!listener)
		return;
	atomic_store(&listener->stopping, true);
	eventfd_write(listener->wake, 1);
	pthread_join(listener->thread, NULL);
	close(listener->wake);
	free(listener);
}
