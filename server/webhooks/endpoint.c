/* SPDX-License-Identifier: MIT */
/* endpoint.c - the endpoints as the last look at the database saw them, and how much each may claim. */
#include "worker.h"

#include "clock.h"
#include "log.h"

#include <stdlib.h>
#include <string.h>

#define SECOND INT64_C(1000000)

/* Where nobody wakes the worker (another process has written, a webhook was created), it looks this often. */
#define LOOK_EVERY SECOND

/* A claim is a commit: worth it for half of the room that there is, or else after a while. */
#define CLAIM_PAUSE (20 * INT64_C(1000))

/* After so many failures in a row, one attempt at a time: the rest would fail alike. */
#define FAILURES_MANY 10

static struct endpoint *find(struct webhooks *webhooks, int64_t id)
{
	struct endpoint *endpoint = webhooks->endpoints;

	while (endpoint && endpoint->id != id)
		endpoint = endpoint->next;
	return endpoint;
}

static void release(struct endpoint *endpoint)
{
	free(endpoint->url);
	free(endpoint->secret);
	free(endpoint->old_secret);
	free(endpoint);
}

static bool is_busy(const struct endpoint *endpoint)
{
	return endpoint->claiming || endpoint->running > 0;
}

static bool replace(char **kept, struct dm_text text)
{
	char *copy;

	if (*kept && strlen(*kept) == text.length && memcmp(*kept, text.data, text.length) == 0)
		return true;
	copy = strndup(text.data, text.length);
	if (!copy)
		return false;
	free(*kept);
	*kept = copy;
	return true;
}

static bool update(struct endpoint *endpoint, const struct dm_webhook *webhook)
{
	endpoint->has_new = webhook->has_new;
	endpoint->next_at = webhook->next_at;
	endpoint->last_at = webhook->last_at;
	endpoint->old_secret_until = webhook->old_secret_until;
	return replace(&endpoint->url, webhook->url) && replace(&endpoint->secret, webhook->secret) &&
	       replace(&endpoint->old_secret, webhook->old_secret);
}

static bool take_webhook(void *context, const struct dm_webhook *webhook)
{
	struct webhooks *webhooks = context;
	struct endpoint *endpoint;

	if (!webhook->is_active)
		return true;
	endpoint = find(webhooks, webhook->id);
	if (!endpoint) {
		endpoint = calloc(1, sizeof(*endpoint));
		if (!endpoint)
			return true; /* the next look may have memory */
		endpoint->id = webhook->id;
		endpoint->next = webhooks->endpoints;
		webhooks->endpoints = endpoint;
	}
	endpoint->is_there = update(endpoint, webhook);
	return true;
}

static void forget_those_gone(struct webhooks *webhooks)
{
	struct endpoint **place = &webhooks->endpoints;

	while (*place) {
		struct endpoint *endpoint = *place;

		if (endpoint->is_there || is_busy(endpoint)) {
			place = &endpoint->next;
		} else {
			*place = endpoint->next;
			release(endpoint);
		}
	}
}

static void tell_failure(struct webhooks *webhooks, const struct dm_error *error)
{
	bool failed = error->status != DM_OK;

	if (failed && !webhooks->look_failed)
		log_line(LOG_WARNING, "webhooks wait for the database: %s", error->message);
	webhooks->look_failed = failed;
}

void endpoints_look(struct webhooks *webhooks)
{
	int64_t now = clock_now(), monotonic = clock_monotonic();
	struct dm_error error = {0};

	webhooks->looked_at = monotonic;
	webhooks->look_at = monotonic + LOOK_EVERY;
	for (struct endpoint *endpoint = webhooks->endpoints; endpoint; endpoint = endpoint->next)
		endpoint->is_there = endpoint->has_new = false;
	if (dm_webhooks(webhooks->handle, take_webhook, webhooks, &error) == DM_OK) {
		forget_those_gone(webhooks);
		if (webhooks->endpoints && !webhooks->poster)
			webhooks->poster = poster_new(&webhooks->options.poster);
		atomic_store(&webhooks->idle, webhooks->endpoints == NULL || !webhooks->poster);
	}
	tell_failure(webhooks, &error);
	for (struct endpoint *endpoint = webhooks->endpoints; endpoint; endpoint = endpoint->next)
		if (endpoint->next_at > now && monotonic + endpoint->next_at - now < webhooks->look_at)
			webhooks->look_at = monotonic + endpoint->next_at - now;
}

/* What is further ahead than any may be was put there before the clock was set back. */
static bool some_are_due(const struct webhooks *webhooks, const struct endpoint *endpoint)
{
	int64_t now = clock_now();

	return endpoint->next_at != 0 && (endpoint->next_at <= now || endpoint->last_at - now > webhooks->ahead_most);
}

size_t endpoint_room(const struct webhooks *webhooks, const struct endpoint *endpoint, int64_t monotonic, bool *soon)
{
	size_t most = endpoint->failures < FAILURES_MANY ? webhooks->options.connections : 1, room;
	bool is_due = endpoint->has_new || some_are_due(webhooks, endpoint);

	if (!webhooks->poster || !endpoint->is_there || endpoint->claiming || !is_due ||
	    endpoint->paused_until > monotonic || endpoint->running >= most)
		return 0;
	room = most - endpoint->running;
	if (room * 2 >= most || monotonic - endpoint->claimed_at >= CLAIM_PAUSE)
		return room;
	*soon = true;
	return 0;
}

void endpoints_release(struct webhooks *webhooks)
{
	while (webhooks->endpoints) {
		struct endpoint *endpoint = webhooks->endpoints;

		webhooks->endpoints = endpoint->next;
		release(endpoint);
	}
}
