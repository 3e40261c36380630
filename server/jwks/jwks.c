/* SPDX-License-Identifier: MIT */
/* jwks.c - keys of JWTs from a URL: the thread that fetches them, and who waits for it. */
#include "jwks.h"

#include "bearer.h"
#include "clock.h"
#include "jwk.h"
#include "jwks_download.h"
#include "jwks_schedule.h"
#include "log.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SECOND INT64_C(1000000)

LIST_HEAD(waiters, jwks_waiter);

struct jwks {
	struct jwks_options options;
	struct downloader *downloader;
	pthread_t thread;
	atomic_bool stopping;

	pthread_mutex_t mutex; /* guards these three */
	struct jwks_schedule schedule;
	bool is_fetching;
	struct waiters waiters;

	/* The thread's: */
	struct span current;         /* the text that the keys in force are from; owned, data NULL: none are */
	char error[JWKS_ERROR_SIZE]; /* of the last fetch, so that it is logged once; empty: it succeeded */
};

/* ---- what was fetched ---------------------------------------------------------------------------------------- */

/* Reads the keys of the text. False: `error` says why there are none. */
static bool read_keys(struct span text, struct jwt_keys *keys, char error[JWKS_ERROR_SIZE])
{
	bool has_secret;
	const char *why = NULL;

	switch (jwks_read(text, keys, &has_secret)) {
	case JWKS_READ:
		if (has_secret)
			why = "it holds a secret, by which all who can read it could sign; publish public keys";
		else if (keys->count == 0)
			why = "it holds no key that verifies tokens";
		break;
	case JWKS_PRIVATE_KEY:
		why = "it holds a private key; publish public keys";
		break;
	case JWKS_TOO_MANY:
		why = "it holds too many keys";
		break;
	case JWKS_NO_MEMORY:
		why = "there is no memory for its keys";
		break;
	default:
		why = "the response is no JWKS";
	}
	if (why)
		snprintf(error, JWKS_ERROR_SIZE, "%s", why);
	return !why;
}

/* Puts what was fetched in force, and keeps its text. */
static bool use(struct jwks *jwks, struct download *download)
{
	struct span text = buffer_span(&download->body);
	struct jwt_keys keys = {0};
	size_t count;
	bool good;

	if (jwks->current.data && span_equal(jwks->current, text)) {
		atomic_fetch_add(&jwks->options.counts->unchanged, 1);
		return true;
	}
	good = read_keys(text, &keys, download->error);
	count = keys.count;
	if (good && !bearer_replace_fetched_keys(jwks->options.bearer, &keys))
		good = snprintf(download->error, sizeof(download->error), "there is no memory for its keys") < 0;
	jwt_keys_release(&keys);
	if (!good)
		return false;
	free((char *)jwks->current.data);
	buffer_fit(&download->body);
	jwks->current.length = text.length;
	jwks->current.data = buffer_take(&download->body);
	atomic_fetch_add(&jwks->options.counts->changed, 1);
	log_line(LOG_INFO, "JWKS: the keys have changed; there are %zu now", count);
	return true;
}

/* A failure that goes on is not logged each time. */
static void note(struct jwks *jwks, const char *error)
{
	if (strcmp(jwks->error, error) == 0)
		return;
	if (*error)
		log_line(LOG_WARNING, "JWKS: not fetched: %s; %s, and it is tried again", error,
			 jwks->current.data ? "the keys from before stay in force"
					    : "no JWT is verified by its keys yet");
	else
		log_line(LOG_INFO, "JWKS: fetched again");
	snprintf(jwks->error, sizeof(jwks->error), "%s", error);
}

/* ---- the thread ---------------------------------------------------------------------------------------------- */

/* Wakes all who wait; whoever asks from now on waits for another fetch, or for none. */
static void end_fetch(struct jwks *jwks, bool good, int64_t max_age)
{
	struct jwks_waiter *waiter, *next;
	int64_t now = clock_monotonic(), wait;

	pthread_mutex_lock(&jwks->mutex);
	if (good)
		jwks_schedule_succeeded(&jwks->schedule, now, max_age);
	else
		jwks_schedule_failed(&jwks->schedule, now);
	jwks->is_fetching = false;
	wait = jwks->schedule.due_at - now;
	waiter = LIST_FIRST(&jwks->waiters);
	LIST_INIT(&jwks->waiters);
	pthread_mutex_unlock(&jwks->mutex);
	log_line(LOG_DEBUG, "JWKS: the next fetch is in %lld s", (long long)(wait / SECOND));
	for (; waiter; waiter = next) {
		next = LIST_NEXT(waiter, others);
		waiter->is_current = good;
		waiter->wake(waiter->context);
	}
}

static void fetch(struct jwks *jwks)
{
	struct download download;
	bool good;

	downloader_run(jwks->downloader, &download, &jwks->stopping);
	good = !*download.error && use(jwks, &download);
	if (!good && !atomic_load(&jwks->stopping))
		atomic_fetch_add(&jwks->options.counts->failed, 1);
	if (!atomic_load(&jwks->stopping))
		note(jwks, download.error);
	buffer_release(&download.body);
	end_fetch(jwks, good, download.max_age);
}

/* Whether a fetch is due, which it then counts as begun; otherwise waits until it may be. */
static bool begin_fetch(struct jwks *jwks)
{
	int64_t wait;

	pthread_mutex_lock(&jwks->mutex);
	wait = jwks->schedule.due_at - clock_monotonic();
	jwks->is_fetching = wait <= 0;
	pthread_mutex_unlock(&jwks->mutex);
	if (wait > 0)
		downloader_wait(jwks->downloader, (int)(wait / 1000) + 1);
	return wait <= 0;
}

static void *thread_main(void *argument)
{
	struct jwks *jwks = argument;

	while (!atomic_load(&jwks->stopping))
		if (begin_fetch(jwks))
			fetch(jwks);
	end_fetch(jwks, false, -1);
	return NULL;
}

static void release(struct jwks *jwks)
{
	if (jwks->downloader)
		downloader_free(jwks->downloader);
	pthread_mutex_destroy(&jwks->mutex);
	free((char *)jwks->current.data);
	free(jwks);
}

struct jwks *jwks_start(const struct jwks_options *options)
{
	struct jwks *jwks = calloc(1, sizeof(*jwks));

	if (!jwks)
		return NULL;
	jwks->options = *options;
	pthread_mutex_init(&jwks->mutex, NULL);
	LIST_INIT(&jwks->waiters);
	jwks_schedule_init(&jwks->schedule, clock_monotonic());
	jwks->downloader = downloader_new(options->url, options->ca_file);
	if (jwks->downloader && pthread_create(&jwks->thread, NULL, thread_main, jwks) == 0)
		return jwks;
	release(jwks);
	return NULL;
}

void jwks_stop(struct jwks *jwks)
{
	if (!jwks)
		return;
	atomic_store(&jwks->stopping, true);
	downloader_wake(jwks->downloader);
	pthread_join(jwks->thread, NULL);
	release(jwks);
}

bool jwks_ask(struct jwks *jwks, struct jwks_waiter *waiter)
{
	bool waits;

	pthread_mutex_lock(&jwks->mutex);
	waits = jwks->is_fetching || jwks_schedule_ask(&jwks->schedule, clock_monotonic());
	waiter->is_current = jwks->schedule.failures == 0;
	if (waits)
		LIST_INSERT_HEAD(&jwks->waiters, waiter, others);
	pthread_mutex_unlock(&jwks->mutex);
	if (waits)
		downloader_wake(jwks->downloader);
	return waits;
}
