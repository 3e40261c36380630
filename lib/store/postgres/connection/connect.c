/* SPDX-License-Identifier: MIT */
/* connect.c - making one connection, wherever the database is. */
#include "connect.h"

#include "clock.h"
#include "failure.h"
#include "failure_postgres.h"
#include "hosts.h"

#include <poll.h>
#include <string.h>

/* All in microseconds. The next host is tried beside one that has not answered for so long. */
#define STAGGER 250000

/* How long a host that can only be read waits for one that takes writes; and how long where another attempt has waited
 * in vain within the last READ_ONLY_MEMORY. */
#define WRITABLE_TIMEOUT 2000000
#define WRITABLE_TIMEOUT_SHORT 500000
#define READ_ONLY_MEMORY 10000000

#define MAX_POLL 60000000

/* CONNECTING and ASKING (whether it may write) are under way; the last three are how an attempt has ended. */
enum attempt_phase { WAITING, CONNECTING, ASKING, WRITABLE, READ_ONLY, FAILED };

struct attempt {
	const struct home *target;
	enum attempt_phase phase;
	PGconn *connection;
	bool wants_to_send; /* over its socket */
	bool is_read_only;
	int64_t deadline; /* by the monotonic clock */
};

/* Attempts to all hosts, which run side by side. */
struct race {
	struct attempt attempts[MAX_TARGETS];
	size_t count;
	size_t begun;           /* so many of them have begun */
	int64_t next_start;     /* when the next one begins, by the monotonic clock */
	struct dm_error *error; /* the first failure */
};

/* ---- one attempt --------------------------------------------------------------------------------------------- */

static bool is_under_way(const struct attempt *attempt)
{
	return attempt->phase == CONNECTING || attempt->phase == ASKING;
}

static void give_up(struct attempt *attempt, struct dm_error *error)
{
	if (attempt->connection)
		postgres_connection_failure(attempt->connection, error);
	else
		fail(error, DM_NO_MEMORY, "out of memory");
	PQfinish(attempt->connection);
	attempt->connection = NULL;
	attempt->phase = FAILED;
}

static void ignore_notice(void *context, const PGresult *notice)
{
	(void)context, (void)notice;
}

static void begin(struct attempt *attempt, struct postgres *postgres, enum connection_role role, struct dm_error *error)
{
	int64_t limit = postgres->limits.connect;

	attempt->phase = CONNECTING;
	attempt->deadline = limit > 0 ? clock_monotonic() + limit : INT64_MAX;
	attempt->connection = conninfo_start(postgres, role, attempt->target);
	attempt->wants_to_send = true;
	if (!attempt->connection || PQstatus(attempt->connection) == CONNECTION_BAD)
		give_up(attempt, error);
}

static void go_on_connecting(struct attempt *attempt, struct dm_error *error)
{
	PostgresPollingStatusType status = PQconnectPoll(attempt->connection);

	attempt->wants_to_send = status == PGRES_POLLING_WRITING;
	if (status == PGRES_POLLING_FAILED) {
		give_up(attempt, error);
	} else if (status == PGRES_POLLING_OK) {
		PQsetNoticeReceiver(attempt->connection, ignore_notice, NULL);
		attempt->phase = ASKING;
		if (PQsetnonblocking(attempt->connection, 1) != 0 ||
		    !PQsendQuery(attempt->connection, "SHOW transaction_read_only"))
			give_up(attempt, error);
		else
			attempt->wants_to_send = PQflush(attempt->connection) > 0;
	}
}

static void go_on_asking(struct attempt *attempt, struct dm_error *error)
{
	PGresult *result;

	attempt->wants_to_send = PQflush(attempt->connection) > 0;
	if (!PQconsumeInput(attempt->connection)) {
		give_up(attempt, error);
		return;
	}
	while (!PQisBusy(attempt->connection)) {
		result = PQgetResult(attempt->connection);
		if (!result) {
			attempt->phase = attempt->is_read_only ? READ_ONLY : WRITABLE;
			return;
		}
		if (PQresultStatus(result) == PGRES_TUPLES_OK) {
			attempt->is_read_only = strcmp(PQgetvalue(result, 0, 0), "on") == 0;
			PQclear(result);
		} else {
			postgres_failure(result, error);
			PQclear(result);
			give_up(attempt, error);
			return;
		}
	}
}

/* ---- all attempts -------------------------------------------------------------------------------------------- */

static void expire(struct attempt *attempt, struct dm_error *error)
{
	fail(error, DM_UNAVAILABLE,
	     "can't connect to the database (%.60s does not answer); check the URL, and that the server runs",
	     attempt->target->host->name ? attempt->target->host->name : "its host");
	give_up(attempt, error);
}

/* Whether any attempt is in this phase. */
static bool is_any(const struct race *race, enum attempt_phase phase)
{
	for (size_t i = 0; i < race->begun; i++)
		if (race->attempts[i].phase == phase)
			return true;
	return false;
}

/* Begins the next attempt if it is due: the one before has ended, or has had its time. */
static void begin_next(struct race *race, struct postgres *postgres, enum connection_role role, int64_t now)
{
	while (race->begun < race->count &&
	       (race->begun == 0 || now >= race->next_start || !is_under_way(&race->attempts[race->begun - 1]))) {
		begin(&race->attempts[race->begun++], postgres, role, race->error);
		race->next_start = now + STAGGER;
	}
}

/* Fills in what to poll for. Gives the first of `until` and the deadlines. */
static int64_t prepare_poll(const struct race *race, struct pollfd *watched, int64_t until)
{
	for (size_t i = 0; i < race->begun; i++) {
		const struct attempt *attempt = &race->attempts[i];

		watched[i] = (struct pollfd){.fd = -1, .events = attempt->wants_to_send ? POLLOUT : POLLIN};
		if (!is_under_way(attempt))
			continue;
		watched[i].fd = PQsocket(attempt->connection);
		if (attempt->phase == ASKING)
			watched[i].events |= POLLIN;
		if (attempt->deadline < until)
			until = attempt->deadline;
	}
	return until;
}

static void go_on_with(struct attempt *attempt, bool is_ready, struct dm_error *error)
{
	if (is_ready && attempt->phase == CONNECTING)
		go_on_connecting(attempt, error);
	else if (is_ready)
		go_on_asking(attempt, error);
	else if (clock_monotonic() >= attempt->deadline)
		expire(attempt, error);
}

/* Waits until something happens, at most until `until`, and lets the attempts go on. */
static void go_on(struct race *race, int64_t until)
{
	struct pollfd watched[MAX_TARGETS];
	int64_t left = prepare_poll(race, watched, until) - clock_monotonic();

	left = left < MAX_POLL ? left : MAX_POLL;
	poll(watched, race->begun, left > 0 ? (int)((left + 999) / 1000) : 0);
	for (size_t i = 0; i < race->begun; i++)
		if (is_under_way(&race->attempts[i]))
			go_on_with(&race->attempts[i], watched[i].revents != 0, race->error);
}

/* How long to wait for a host that takes writes. */
static int64_t writable_timeout(struct postgres *postgres, int64_t now)
{
	bool is_known;

	pthread_mutex_lock(&postgres->mutex);
	is_known = postgres->read_only_at > 0 && now - postgres->read_only_at < READ_ONLY_MEMORY;
	pthread_mutex_unlock(&postgres->mutex);
	return is_known ? WRITABLE_TIMEOUT_SHORT : WRITABLE_TIMEOUT;
}

/* A host that can only be read has waited in vain for one that takes writes. */
static void note_read_only(struct postgres *postgres, int64_t waited)
{
	if (waited < WRITABLE_TIMEOUT)
		return;
	pthread_mutex_lock(&postgres->mutex);
	postgres->read_only_at = clock_monotonic();
	pthread_mutex_unlock(&postgres->mutex);
}

/* Runs until one host takes writes or all attempts have ended. A host that can only be read waits for the others for a
 * while. Of standbys, the first that can only be read is the one. */
static void run(struct race *race, struct postgres *postgres, enum connection_role role)
{
	int64_t began = clock_monotonic(), now = began, settle_at = began + writable_timeout(postgres, began);

	for (; !is_any(race, postgres->is_standby ? READ_ONLY : WRITABLE); now = clock_monotonic()) {
		int64_t until = INT64_MAX;

		begin_next(race, postgres, role, now);
		if (!is_any(race, CONNECTING) && !is_any(race, ASKING))
			return;
		if (is_any(race, READ_ONLY)) {
			if (now >= settle_at) {
				note_read_only(postgres, now - began);
				return;
			}
			until = settle_at;
		}
		if (race->begun < race->count && race->next_start < until)
			until = race->next_start;
		go_on(race, until);
	}
}

/* Chooses the first attempt that takes writes, else the first that can be read, and ends the others' connections. A
 * standby is one that can be read. NULL where there is none. */
static const struct attempt *choose(struct race *race, bool standby)
{
	const struct attempt *chosen = NULL;

	for (size_t i = 0; i < race->begun; i++) {
		const struct attempt *attempt = &race->attempts[i];

		if (standby && attempt->phase == WRITABLE)
			continue;
		if (attempt->phase == WRITABLE || (attempt->phase == READ_ONLY && !chosen))
			chosen = attempt;
		if (attempt->phase == WRITABLE)
			break;
	}
	for (size_t i = 0; i < race->begun; i++)
		if (&race->attempts[i] != chosen)
			PQfinish(race->attempts[i].connection);
	return chosen;
}

struct connected postgres_connect(struct postgres *postgres, enum connection_role role, struct dm_error *error)
{
	struct connected connected = {.moves = atomic_load(&postgres->moves)};
	struct home targets[MAX_TARGETS];
	struct dm_error failure = {0};
	struct race race = {.error = &failure};
	const struct attempt *chosen;

	race.count = hosts_resolve(postgres, targets);
	for (size_t i = 0; i < race.count; i++)
		race.attempts[i].target = &targets[i];
	run(&race, postgres, role);
	chosen = choose(&race, postgres->is_standby);
	if (!chosen && failure.status == DM_OK)
		fail(&failure, DM_UNAVAILABLE, "none of the hosts is a standby; put one into the URL");
	if (!chosen) {
		fail(error, failure.status, "%s", failure.message);
		return connected;
	}
	connected.connection = chosen->connection;
	connected.is_read_only = chosen->phase == READ_ONLY && !postgres->is_standby;
	if (!connected.is_read_only) {
		hosts_settle(postgres, chosen->target);
		connected.moves = atomic_load(&postgres->moves);
	}
	return connected;
}
