/* SPDX-License-Identifier: MIT */
/* webhooks.c - the worker that delivers messages to endpoints: its thread, its loop, its end. */
#include "webhooks.h"

#include "clock.h"
#include "log.h"
#include "worker.h"

#include <stdlib.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#define MILLISECOND INT64_C(1000)
#define SECOND INT64_C(1000000)
#define DAY (86400 * SECOND)

/* However often it is woken: what comes within this time is looked at together. */
#define LOOK_PAUSE (5 * MILLISECOND)

/* A record that the store has refused, and finished deliveries that are old, are seen to this often. */
#define REPEAT_EVERY SECOND
#define TRIM_EVERY (60 * SECOND)
#define MEASURE_EVERY (5 * SECOND)

#define FINISHED_KEPT 100000
#define FINISHED_KEPT_FOR (7 * DAY)

#define STOP_TIME (5 * SECOND)

/* Where cores are short, those who send messages come first, and deliveries catch up later. */
#define NICENESS 10

static void on_recorded(void *context, enum dm_signal signal, const struct dm_message *message, int64_t from_user,
			int64_t to)
{
	struct webhooks *webhooks = context;

	(void)signal, (void)message, (void)from_user, (void)to;
	if (!atomic_load(&webhooks->idle) && !atomic_exchange(&webhooks->woken, true))
		poster_wake(webhooks->poster);
}

/* Looks at the database if it is time to; gives the time until then. */
static int64_t look(struct webhooks *webhooks)
{
	int64_t now = clock_monotonic(), earliest = webhooks->looked_at + LOOK_PAUSE;
	bool woken = atomic_load(&webhooks->woken);

	if (woken && now < earliest)
		return earliest - now;
	if (woken || now >= webhooks->look_at) {
		atomic_store(&webhooks->woken, false);
		endpoints_look(webhooks);
	}
	return webhooks->look_at - now;
}

/* Claims for all endpoints that have room; gives the time until another may want to. */
static int64_t claim(struct webhooks *webhooks)
{
	int64_t now = clock_monotonic();
	bool soon = false;

	for (struct endpoint *endpoint = webhooks->endpoints; endpoint; endpoint = endpoint->next) {
		size_t room = endpoint_room(webhooks, endpoint, now, &soon);

		if (room > 0)
			claim_begin(webhooks, endpoint, room);
	}
	return soon ? LOOK_PAUSE : SECOND;
}

/* Where nothing is to be posted there is nothing to do but to look now and then. */
static void rest(struct webhooks *webhooks, int64_t time)
{
	struct timespec end;

	clock_gettime(CLOCK_MONOTONIC, &end);
	end.tv_sec += (end.tv_nsec / 1000 + time) / SECOND;
	end.tv_nsec = (end.tv_nsec / 1000 + time) % SECOND * 1000;
	pthread_mutex_lock(&webhooks->mutex);
	if (!atomic_load(&webhooks->stopping))
		pthread_cond_clockwait(&webhooks->stop, &webhooks->mutex, CLOCK_MONOTONIC, &end);
	pthread_mutex_unlock(&webhooks->mutex);
}

static void trim(struct webhooks *webhooks)
{
	struct dm_error error = {0};
	int64_t removed;

	if (dm_deliveries_trim(webhooks->handle, clock_now() - FINISHED_KEPT_FOR, FINISHED_KEPT, &removed, &error) !=
	    DM_OK)
		log_line(LOG_DEBUG, "old deliveries could not be removed: %s", error.message);
	else if (removed > 0)
		log_line(LOG_DEBUG, "removed %lld old deliveries", (long long)removed);
}

/* For the metrics, which must not wait for the database. */
static void measure(struct webhooks *webhooks)
{
	struct dm_outbox outbox = {0};

	if (webhooks->endpoints && dm_outbox_state(webhooks->handle, &outbox, NULL) != DM_OK)
		return;
	atomic_store(&webhooks->options.counts->waiting, outbox.pending + outbox.behind);
	atomic_store(&webhooks->options.counts->oldest_at, outbox.oldest_at);
}

/* What is to be done now and then. */
static void keep_house(struct webhooks *webhooks)
{
	int64_t now = clock_monotonic();

	if (now >= webhooks->repeat_at) {
		records_repeat(webhooks);
		webhooks->repeat_at = now + REPEAT_EVERY;
	}
	if (now >= webhooks->measure_at) {
		measure(webhooks);
		webhooks->measure_at = now + MEASURE_EVERY;
	}
	if (now >= webhooks->trim_at && webhooks->endpoints) {
		trim(webhooks);
		webhooks->trim_at = now + TRIM_EVERY;
	}
}

static void finish(struct webhooks *webhooks)
{
	int64_t end = clock_monotonic() + STOP_TIME;

	if (!webhooks->poster) /* then there are no claims either */
		return;
	while (webhooks->claims_under_way > 0 || (webhooks->running && clock_monotonic() < end)) {
		poster_run(webhooks->poster, 50);
		claims_take(webhooks);
	}
	attempts_cancel(webhooks);
	while (atomic_load(&webhooks->records_under_way) > 0) {
		records_repeat(webhooks);
		poster_run(webhooks->poster, 5);
	}
}

static void *worker_main(void *argument)
{
	struct webhooks *webhooks = argument;

	setpriority(PRIO_PROCESS, (id_t)gettid(), NICENESS);
	while (!atomic_load(&webhooks->stopping)) {
		int64_t wait, again;

		if (claims_take(webhooks))
			atomic_store(&webhooks->woken, true); /* is there more? */
		wait = look(webhooks);
		keep_house(webhooks);
		again = claim(webhooks);
		wait = again < wait ? again : wait;
		if (webhooks->poster)
			poster_run(webhooks->poster, wait > 0 ? (int)(wait / MILLISECOND) + 1 : 0);
		else
			rest(webhooks, wait);
	}
	finish(webhooks);
	endpoints_release(webhooks);
	return NULL;
}

static void release(struct webhooks *webhooks)
{
	if (webhooks->poster)
		poster_free(webhooks->poster);
	pthread_cond_destroy(&webhooks->stop);
	pthread_mutex_destroy(&webhooks->mutex);
	free(webhooks);
}

struct webhooks *webhooks_start(dm *handle, const struct webhooks_options *options)
{
	struct webhooks *webhooks = calloc(1, sizeof(*webhooks));

	if (!webhooks)
		return NULL;
	webhooks->handle = handle;
	webhooks->options = *options;
	webhooks->ahead_most = attempts_ahead_most(webhooks);
	atomic_init(&webhooks->woken, true);
	atomic_init(&webhooks->idle, true);
	pthread_mutex_init(&webhooks->mutex, NULL);
	pthread_cond_init(&webhooks->stop, NULL);
	if (dm_connect(handle, DM_EVENTS_RECORDED, on_recorded, webhooks, NULL) == DM_OK) {
		if (pthread_create(&webhooks->thread, NULL, worker_main, webhooks) == 0)
			return webhooks;
		dm_disconnect(handle, DM_EVENTS_RECORDED, on_recorded, webhooks);
	}
	release(webhooks);
	return NULL;
}

void webhooks_stop(struct webhooks *webhooks)
{
	if (!webhooks)
		return;
	dm_disconnect(webhooks->handle, DM_EVENTS_RECORDED, on_recorded, webhooks);
	pthread_mutex_lock(&webhooks->mutex);
	atomic_store(&webhooks->stopping, true);
	pthread_cond_signal(&webhooks->stop);
	pthread_mutex_unlock(&webhooks->mutex);
	if (!atomic_load(&webhooks->idle))
		poster_wake(webhooks->poster);
	pthread_join(webhooks->thread, NULL);
	release(webhooks);
}
