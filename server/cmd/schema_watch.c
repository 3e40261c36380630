/* SPDX-License-Identifier: MIT */
/* schema_watch.c - brings a server's schema up to date: before it serves, or as soon as the database responds. */
#include "schema_watch.h"

#include "cli.h"
#include "directmessages.h"
#include "log.h"
#include "notify.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* Between two attempts. */
#define PAUSE_MS 250

static void log_step(void *context, int number, const char *name)
{
	(void)context;
	log_line(LOG_INFO, "applied migration %04d %s", number, name);
	notify("STATUS=applied migration %04d %s", number, name);
}

static void log_progress(void *context, const char *text)
{
	(void)context;
	log_line(LOG_INFO, "migrating: %s", text);
	notify("STATUS=migrating: %s", text);
}

static enum dm_status bring_up_to_date(const struct schema_watch *watch, struct dm_error *error)
{
	if (watch->migrate && dm_migrate(watch->handle, log_step, log_progress, NULL, error) != DM_OK)
		return error->status;
	return dm_check_schema(watch->handle, error);
}

/* A database server may start later. A file does not change by itself. */
static bool may_start_later(const struct schema_watch *watch, enum dm_status status)
{
	struct dm_stats stats = DM_STATS_INIT;

	dm_stats(watch->handle, &stats);
	return status == DM_UNAVAILABLE && strcmp(stats.backend, "postgresql") == 0;
}

/* Waits. True: try again. False: the server stops. */
static bool pause_watch(struct schema_watch *watch)
{
	struct timespec until;
	bool stopping;

	clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_nsec += PAUSE_MS * 1000000;
	until.tv_sec += until.tv_nsec / 1000000000;
	until.tv_nsec %= 1000000000;
	pthread_mutex_lock(&watch->mutex);
	while (!watch->stopping &&
	       pthread_cond_clockwait(&watch->stopped, &watch->mutex, CLOCK_MONOTONIC, &until) != ETIMEDOUT)
		;
	stopping = watch->stopping;
	pthread_mutex_unlock(&watch->mutex);
	return !stopping;
}

static void *watch_main(void *argument)
{
	struct schema_watch *watch = argument;
	enum dm_status logged = DM_UNAVAILABLE;

	while (pause_watch(watch)) {
		struct dm_error error = {0};
		enum dm_status status = bring_up_to_date(watch, &error);

		if (status == DM_OK) {
			log_line(LOG_INFO, "the database is available, and its schema is up to date");
			break;
		}
		if (status != logged) /* one line for each kind of failure */
			log_line(LOG_WARNING, "%s", error.message);
		logged = status;
	}
	return NULL;
}

bool schema_begin(struct schema_watch *watch, dm *handle, bool migrate)
{
	struct dm_error error = {0};
	enum dm_status status;

	*watch = (struct schema_watch){.handle = handle, .migrate = migrate};
	status = bring_up_to_date(watch, &error);
	if (status == DM_OK)
		return true;
	if (!may_start_later(watch, status)) {
		cli_fail(EXIT_FAILED, "%s", error.message);
		return false;
	}
	log_line(LOG_WARNING, "%s; the response to each request is 503 until the database is available", error.message);
	pthread_mutex_init(&watch->mutex, NULL);
	pthread_cond_init(&watch->stopped, NULL);
	if (pthread_create(&watch->thread, NULL, watch_main, watch) != 0) {
		cli_fail(EXIT_FAILED,
			 "no memory or no thread to wait for the database; free some, then start the server again");
		return false;
	}
	watch->is_running = true;
	return true;
}

void schema_end(struct schema_watch *watch)
{
	if (!watch->is_running)
		return;
	pthread_mutex_lock(&watch->mutex);
	watch->stopping = true;
	pthread_cond_signal(&watch->stopped);
	pthread_mutex_unlock(&watch->mutex);
	pthread_join(watch->thread, NULL);
	pthread_cond_destroy(&watch->stopped);
	pthread_mutex_destroy(&watch->mutex);
}
