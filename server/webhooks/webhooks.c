/* SPDX-License-Identifier: MIT */
/* webhooks.c - the webhook worker: its thread, its loop, its start and end. */
#include "webhooks.h"

#include "attempt.h"
#include "claim.h"
#include "clock.h"
#include "endpoint.h"
#include "log.h"
#include "result.h"

#include <stdlib.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#define MILLISECOND INT64_C(1000)
#define SECOND INT64_C(1000000)
#define DAY (86400 * SECOND)

/* However often the worker is woken, it reads the endpoints no sooner than this after the last time. */
#define READ_PAUSE (5 * MILLISECOND)

#define REPORT_AGAIN_EVERY SECOND /* results that the store has refused */
#define MEASURE_EVERY (5 * SECOND)
#define TRIM_EVERY (60 * SECOND)

/* Finished deliveries are kept for this long, and at most so many. */
#define KEEP_FINISHED_FOR (7 * DAY)
#define MAX_FINISHED 100000

/* How long stopping waits for the requests under way. */
#define STOP_TIMEOUT (5 * SECOND)

/* If processor time is short, requests come first and deliveries catch up later. */
#define NICENESS 10

static void on_recorded(void *context, enum dm_signal signal, const struct dm_message *message, int64_t from_user,
			int64_t to)
{
	struct webhooks *webhooks = context;

	(void)signal, (void)message, (void)from_user, (void)to;
	if (!atomic_load(&webhooks->idle) && !atomic_exchange(&webhooks->woken, true))
		poster_wake(webhooks->poster);
}

/* Reads the endpoints if that is due. Returns the microseconds until it is due again. */
static int64_t read_endpoints(struct webhooks *webhooks)
{
	int64_t now = clock_monotonic(), earliest = webhooks->endpoints_read_at + READ_PAUSE;
	bool woken = atomic_load(&webhooks->woken);

	if (woken && now < earliest)
		return earliest - now;
	if (woken || now >= webhooks->endpoints_due_at) {
		atomic_store(&webhooks->woken, false);
		endpoints_read(webhooks);
	}
	return webhooks->endpoints_due_at - now;
}

/* Claims deliveries for each endpoint that has room. Returns the microseconds until another claim may be due. */
static int64_t claim(struct webhooks *webhooks)
{
	int64_t now = clock_monotonic();
	bool soon = false;

	for (struct endpoint *endpoint = webhooks->endpoints; endpoint; endpoint = endpoint->next) {
		size_t room = endpoint_room(webhooks, endpoint, now, &soon);

		if (room > 0)
			claim_begin(webhooks, endpoint, room);
	}
	return soon ? READ_PAUSE : SECOND;
}

/* Waits while there is no endpoint, `time` microseconds at most. */
static void wait_without_poster(struct webhooks *webhooks, int64_t time)
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

/* Removes old deliveries, and fails the pending ones of disabled endpoints. False: the database has failed. */
static bool trim(struct webhooks *webhooks)
{
	struct dm_error error = {0};
	int64_t removed;

	if (dm_deliveries_trim(webhooks->handle, clock_now() - KEEP_FINISHED_FOR, MAX_FINISHED, &removed, &error) !=
	    DM_OK) {
		log_line(LOG_DEBUG, "cannot remove old deliveries: %s", error.message);
		return false;
	}
	if (removed > 0)
		log_line(LOG_DEBUG, "removed %lld old deliveries", (long long)removed);
	return true;
}

/* Measures the outbox for the metrics, which must not wait for the database. */
static void measure(struct webhooks *webhooks)
{
	struct dm_outbox outbox = {0};

	if (webhooks->endpoints && dm_outbox_state(webhooks->handle, &outbox, NULL) != DM_OK)
		return;
	atomic_store(&webhooks->options.counts->waiting, outbox.pending + outbox.behind);
	atomic_store(&webhooks->options.counts->oldest_at, outbox.oldest_at);
}

/* What is done at intervals. */
static void run_periodic(struct webhooks *webhooks)
{
	int64_t now = clock_monotonic();

	if (now >= webhooks->report_again_at) {
		results_report_again(webhooks);
		webhooks->report_again_at = now + REPORT_AGAIN_EVERY;
	}
	if (now >= webhooks->measure_at) {
		measure(webhooks);
		webhooks->measure_at = now + MEASURE_EVERY;
	}
	if (now >= webhooks->trim_at) { /* also without an endpoint: one may have come and gone unseen */
		webhooks->has_leftovers = !trim(webhooks);
		webhooks->trim_at = now + TRIM_EVERY;
	}
}

static void finish(struct webhooks *webhooks)
{
	int64_t end = clock_monotonic() + STOP_TIMEOUT;

	if (!webhooks->poster) /* so there are no claims either */
		return;
	while (webhooks->claims_under_way > 0 || (webhooks->running && clock_monotonic() < end)) {
		poster_run(webhooks->poster, 50);
		claims_collect(webhooks);
	}
	attempts_cancel(webhooks);
	while (atomic_load(&webhooks->reports_under_way) > 0) {
		results_report_again(webhooks);
		poster_run(webhooks->poster, 5);
	}
}

void webhooks_set_options(struct webhooks *webhooks, const struct webhooks_options *options)
{
	pthread_mutex_lock(&webhooks->mutex);
	webhooks->next_options = *options;
	webhooks->has_next_options = true;
	pthread_mutex_unlock(&webhooks->mutex);
}

static void use_next_options(struct webhooks *webhooks)
{
	struct webhooks_options *options = &webhooks->options;
	bool has_next;

	pthread_mutex_lock(&webhooks->mutex);
	has_next = webhooks->has_next_options;
	webhooks->has_next_options = false;
	if (has_next) { /* other threads read the counts and the budget, which stay */
		options->poster = webhooks->next_options.poster;
		options->schedule = webhooks->next_options.schedule;
		options->max_connections = webhooks->next_options.max_connections;
		options->disable_after = webhooks->next_options.disable_after;
	}
	pthread_mutex_unlock(&webhooks->mutex);
	if (!has_next)
		return;
	webhooks->max_ahead = claim_max_ahead(webhooks);
	if (webhooks->poster)
		poster_set_options(webhooks->poster, &webhooks->options.poster);
}

static void *worker_main(void *argument)
{
	struct webhooks *webhooks = argument;

	setpriority(PRIO_PROCESS, (id_t)gettid(), NICENESS);
	while (!atomic_load(&webhooks->stopping)) {
		int64_t wait, claim_wait;

		use_next_options(webhooks);
		if (claims_collect(webhooks))
			atomic_store(&webhooks->woken, true); /* there may be more to claim */
		wait = read_endpoints(webhooks);
		run_periodic(webhooks);
		claim_wait = claim(webhooks);
		wait = claim_wait < wait ? claim_wait : wait;
		if (webhooks->poster)
			poster_run(webhooks->poster, wait > 0 ? (int)(wait / MILLISECOND) + 1 : 0);
		else
			wait_without_poster(webhooks, wait);
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
	webhooks->max_ahead = claim_max_ahead(webhooks);
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
