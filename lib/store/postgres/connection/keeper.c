/* SPDX-License-Identifier: MIT */
/* keeper.c - the thread that makes connections. */
#include "keeper.h"

#include "clock.h"
#include "condition.h"
#include "failure.h"

#include <stdlib.h>

/* Between two attempts, in microseconds. */
#define PAUSE 200000

struct keeper {
	struct postgres *postgres;
	pthread_t thread;
	pthread_mutex_t mutex; /* guards all below, and each link that is not LINK_UP */
	pthread_cond_t changed;
	struct link *links;
	unsigned failures;       /* since a connection was made */
	struct dm_error failure; /* of the last attempt to connect */
	int64_t next_attempt;    /* by the monotonic clock */
	bool stopping;
};

static struct link *find_unconnected(const struct keeper *keeper)
{
	struct link *link = keeper->links;

	while (link && link->state != LINK_WANTED && link->state != LINK_FAILED)
		link = link->next;
	return link;
}

/* Where connections are ended one by one, a single failure means little: the next attempt follows at once. */
static void note_failure(struct keeper *keeper, const struct dm_error *error)
{
	if (keeper->failures++ == 0)
		return;
	keeper->failure = *error;
	keeper->next_attempt = clock_monotonic() + PAUSE;
	for (struct link *link = keeper->links; link; link = link->next)
		if (link->state == LINK_WANTED)
			link->state = LINK_FAILED;
}

/* Connects one link. The mutex is released meanwhile: another thread may wait for the link, but not remove it. */
static void connect_one(struct keeper *keeper, struct link *link)
{
	struct dm_error error = {0};
	struct connected connected;

	pthread_mutex_unlock(&keeper->mutex);
	connected = postgres_connect(keeper->postgres, CONNECTION_LANE, &error);
	pthread_mutex_lock(&keeper->mutex);
	if (connected.connection) {
		link->connected = connected;
		link->connected_at = clock_monotonic();
		link->suspicions = atomic_load(&keeper->postgres->suspicions);
		link->state = LINK_UP;
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
		struct link *link = find_unconnected(keeper);

		if (!link)
			pthread_cond_wait(&keeper->changed, &keeper->mutex);
		else if (keeper->next_attempt > clock_monotonic())
			condition_wait_until(&keeper->changed, &keeper->mutex, keeper->next_attempt);
		else
			connect_one(keeper, link);
	}
	pthread_mutex_unlock(&keeper->mutex);
	return NULL;
}

static void destroy(struct keeper *keeper)
{
	pthread_cond_destroy(&keeper->changed);
	pthread_mutex_destroy(&keeper->mutex);
	free(keeper);
}

struct keeper *keeper_start(struct postgres *postgres)
{
	struct keeper *keeper = calloc(1, sizeof(*keeper));

	if (!keeper)
		return NULL;
	keeper->postgres = postgres;
	pthread_mutex_init(&keeper->mutex, NULL);
	condition_init(&keeper->changed);
	if (pthread_create(&keeper->thread, NULL, keeper_main, keeper) != 0) {
		destroy(keeper);
		return NULL;
	}
	return keeper;
}

void keeper_stop(struct keeper *keeper)
{
	if (!keeper)
		return;
	pthread_mutex_lock(&keeper->mutex);
	keeper->stopping = true;
	pthread_cond_broadcast(&keeper->changed);
	pthread_mutex_unlock(&keeper->mutex);
	pthread_join(keeper->thread, NULL);
	destroy(keeper);
}

void keeper_add(struct keeper *keeper, struct link *link)
{
	pthread_mutex_lock(&keeper->mutex);
	link->next = keeper->links;
	keeper->links = link;
	pthread_mutex_unlock(&keeper->mutex);
}

void keeper_reconnect(struct keeper *keeper, struct link *link)
{
	pthread_mutex_lock(&keeper->mutex);
	link->connected.connection = NULL;
	link->state = LINK_WANTED;
	pthread_cond_broadcast(&keeper->changed);
	pthread_mutex_unlock(&keeper->mutex);
}

enum dm_status keeper_connect(struct keeper *keeper, struct link *link, int64_t deadline, struct dm_error *error)
{
	enum dm_status status = DM_OK;

	pthread_mutex_lock(&keeper->mutex);
	if (link->state == LINK_NONE) {
		link->state = LINK_WANTED;
		pthread_cond_broadcast(&keeper->changed);
	}
	while (link->state == LINK_WANTED && clock_monotonic() < deadline)
		condition_wait_until(&keeper->changed, &keeper->mutex, deadline);
	if (link->state == LINK_FAILED)
		status = fail(error, keeper->failure.status, "%s", keeper->failure.message);
	else if (link->state != LINK_UP)
		status = fail(error, DM_UNAVAILABLE, "the database does not answer; check that its server runs");
	pthread_mutex_unlock(&keeper->mutex);
	return status;
}
