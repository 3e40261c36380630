/* SPDX-License-Identifier: MIT */
/* keeper.c - the thread that makes connections. */
#include "keeper.h"

#include "clock.h"
#include "connect.h"

#include <time.h>

/* Between two attempts, in microseconds. */
#define PAUSE 200000

static struct session *find_unconnected(const struct keeper *keeper)
{
	struct session *session = keeper->sessions;

	while (session && session->link != LINK_WANTED && session->link != LINK_FAILED)
		session = session->next;
	return session;
}

/* Waits for `changed` until `until` by the monotonic clock. */
static void wait_until(struct keeper *keeper, int64_t until)
{
	struct timespec deadline = {.tv_sec = until / 1000000, .tv_nsec = until % 1000000 * 1000};

	pthread_cond_timedwait(&keeper->changed, &keeper->mutex, &deadline);
}

/* One failure tells little, where connections are ended one by one: it is tried again at once. */
static void note_failure(struct keeper *keeper, const struct dm_error *error)
{
	if (keeper->failures++ == 0)
		return;
	keeper->failure = *error;
	keeper->next_attempt = clock_monotonic() + PAUSE;
	for (struct session *session = keeper->sessions; session; session = session->next)
		if (session->link == LINK_WANTED)
			session->link = LINK_FAILED;
}

/* Connects one session, with the mutex released meanwhile. Another thread may wait for it, but not remove it. */
static void connect_one(struct keeper *keeper, struct session *session)
{
	struct dm_error error = {0};
	struct connected connected;

	pthread_mutex_unlock(&keeper->mutex);
	connected = postgres_connect(session->postgres, CONNECTION_LANE, &error);
	pthread_mutex_lock(&keeper->mutex);
	if (connected.connection) {
		session->connection = connected.connection;
		session->moves = connected.moves;
		session->is_read_only = connected.is_read_only;
		session->suspicions = atomic_load(&session->postgres->suspicions);
		session->used_at = session->connected_at = clock_monotonic();
		session->link = LINK_UP;
		keeper->failures = 0;
	} else {
		note_failure(keeper, &error);
	}
	pthread_cond_broadcast(&keeper->changed);
}

static void *keeper_main(void *argument)
{
	struct keeper *keeper = argument;

	pthread_mutex_lock(&keeper->mutex);
	while (!keeper->stopping) {
		struct session *session = find_unconnected(keeper);

		if (!session)
			pthread_cond_wait(&keeper->changed, &keeper->mutex);
		else if (keeper->next_attempt > clock_monotonic())
			wait_until(keeper, keeper->next_attempt);
		else
			connect_one(keeper, session);
	}
	pthread_mutex_unlock(&keeper->mutex);
	return NULL;
}

void keeper_init(struct keeper *keeper)
{
	pthread_condattr_t monotonic;

	pthread_mutex_init(&keeper->mutex, NULL);
	pthread_condattr_init(&monotonic);
	pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
	pthread_cond_init(&keeper->changed, &monotonic);
	pthread_condattr_destroy(&monotonic);
}

enum dm_status keeper_start(struct keeper *keeper, struct dm_error *error)
{
	if (pthread_create(&keeper->thread, NULL, keeper_main, keeper) != 0)
		return fail(error, DM_NO_MEMORY, "no memory, or no thread, for connecting");
	keeper->is_running = true;
	return DM_OK;
}

void keeper_stop(struct keeper *keeper)
{
	if (keeper->is_running) {
		pthread_mutex_lock(&keeper->mutex);
		keeper->stopping = true;
		pthread_cond_broadcast(&keeper->changed);
		pthread_mutex_unlock(&keeper->mutex);
		pthread_join(keeper->thread, NULL);
	}
	pthread_cond_destroy(&keeper->changed);
	pthread_mutex_destroy(&keeper->mutex);
}

void keeper_add(struct keeper *keeper, struct session *session)
{
	pthread_mutex_lock(&keeper->mutex);
	session->next = keeper->sessions;
	keeper->sessions = session;
	pthread_mutex_unlock(&keeper->mutex);
}

void keeper_reconnect(struct keeper *keeper, struct session *session)
{
	pthread_mutex_lock(&keeper->mutex);
	session->connection = NULL;
	session->link = LINK_WANTED;
	pthread_cond_broadcast(&keeper->changed);
	pthread_mutex_unlock(&keeper->mutex);
}

enum dm_status keeper_connect(struct keeper *keeper, struct session *session, int64_t deadline, struct dm_error *error)
{
	enum dm_status status = DM_OK;

	pthread_mutex_lock(&keeper->mutex);
	if (session->link == LINK_NONE) {
		session->link = LINK_WANTED;
		pthread_cond_broadcast(&keeper->changed);
	}
	while (session->link == LINK_WANTED && clock_monotonic() < deadline)
		wait_until(keeper, deadline);
	if (session->link == LINK_FAILED)
		status = fail(error, keeper->failure.status, "%s", keeper->failure.message);
	else if (session->link != LINK_UP)
		status = fail(error, DM_UNAVAILABLE, "the database does not answer; check that its server runs");
	pthread_mutex_unlock(&keeper->mutex);
	return status;
}
