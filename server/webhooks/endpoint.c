/* SPDX-License-Identifier: MIT */
/* endpoint.c - the endpoints as the worker last read them, and how much each may claim. */
#include "endpoint.h"

#include "clock.h"
#include "log.h"

#include <stdlib.h>
#include <string.h>

#define SECOND INT64_C(1000000)

/* How often the endpoints are read when nobody wakes the worker: another process may write, or create one. */
#define READ_EVERY SECOND

/* A claim is a commit. It is made once half of the connections are free, or this long after the last one. */
#define CLAIM_PAUSE (20 * INT64_C(1000))

/* After so many failures in a row, attempts are made one at a time. */
#define MANY_FAILURES 10

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
	return endpoint->is_claiming || endpoint->running > 0;
}

/* Makes *kept a copy of the text, if it is none already. False: no memory. */
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

/* Deliveries are left of an endpoint that is disabled or deleted. They are trimmed at once, but after a failure not
 * before its time. */
static void note_leftovers(struct webhooks *webhooks)
{
	if (!webhooks->has_leftovers)
		webhooks->trim_at = webhooks->endpoints_read_at;
	webhooks->has_leftovers = true;
}

static bool on_webhook(void *context, const struct dm_webhook *webhook)
{
	struct webhooks *webhooks = context;
	struct endpoint *endpoint;

	webhooks->ids.count++;
	webhooks->ids.sum += (uint64_t)webhook->id;
	if (!webhook->is_active) {
		if (webhook->next_at != 0)
			note_leftovers(webhooks);
		return true;
	}
	endpoint = find(webhooks, webhook->id);
	if (!endpoint) {
		endpoint = calloc(1, sizeof(*endpoint));
		if (!endpoint)
			return true; /* there may be memory next time */
		endpoint->id = webhook->id;
		endpoint->next = webhooks->endpoints;
		webhooks->endpoints = endpoint;
	}
	endpoint->is_active = update(endpoint, webhook);
	return true;
}

/* Of what was deleted, deliveries are left, whether it was active or disabled. */
static void note_deleted(struct webhooks *webhooks, struct ids before)
{
	if (webhooks->ids.count != before.count || webhooks->ids.sum != before.sum)
		note_leftovers(webhooks); /* or one was created, which costs a look */
}

static void remove_inactive(struct webhooks *webhooks)
{
	struct endpoint **place = &webhooks->endpoints;

	while (*place) {
		struct endpoint *endpoint = *place;

		if (endpoint->is_active || is_busy(endpoint)) {
			place = &endpoint->next;
		} else {
			*place = endpoint->next;
			release(endpoint);
		}
	}
}

static void log_failure(struct webhooks *webhooks, const struct dm_error *error)
{
	bool failed = error->status != DM_OK;

	if (failed && !webhooks->failure_logged)
		log_line(LOG_WARNING, "cannot read the webhooks: %s", error->message);
	webhooks->failure_logged = failed;
}

void endpoints_read(struct webhooks *webhooks)
{
	int64_t now = clock_now(), monotonic = clock_monotonic();
	struct dm_error error = {0};
	const struct ids before = webhooks->ids;

	webhooks->ids = (struct ids){0};
	webhooks->endpoints_read_at = monotonic;
	webhooks->endpoints_due_at = monotonic + READ_EVERY;
	for (struct endpoint *endpoint = webhooks->endpoints; endpoint; endpoint = endpoint->next)
		endpoint->is_active = endpoint->has_new = false;
	if (dm_webhooks(webhooks->handle, on_webhook, webhooks, &error) == DM_OK) {
		remove_inactive(webhooks);
		note_deleted(webhooks, before);
		if (webhooks->endpoints && !webhooks->poster)
			webhooks->poster = poster_new(&webhooks->options.poster);
		atomic_store(&webhooks->idle, webhooks->endpoints == NULL || !webhooks->poster);
	} else {
		webhooks->ids = before;
	}
	log_failure(webhooks, &error);
	for (struct endpoint *endpoint = webhooks->endpoints; endpoint; endpoint = endpoint->next)
		if (endpoint->next_at > now && monotonic + endpoint->next_at - now < webhooks->endpoints_due_at)
			webhooks->endpoints_due_at = monotonic + endpoint->next_at - now;
}

/* A delivery further ahead than max_ahead was scheduled before the clock was set back: it is due too. */
static bool has_due(const struct webhooks *webhooks, const struct endpoint *endpoint)
{
	int64_t now = clock_now();

	return endpoint->next_at != 0 && (endpoint->next_at <= now || endpoint->last_at - now > webhooks->max_ahead);
}

size_t endpoint_room(const struct webhooks *webhooks, const struct endpoint *endpoint, int64_t monotonic, bool *soon)
{
	size_t max_running = endpoint->failures < MANY_FAILURES ? webhooks->options.max_connections : 1, room;
	bool is_due = endpoint->has_new || has_due(webhooks, endpoint);

	if (!webhooks->poster || !endpoint->is_active || endpoint->is_claiming || !is_due ||
	    endpoint->paused_until > monotonic || endpoint->running >= max_running)
		return 0;
	room = max_running - endpoint->running;
	if (room * 2 >= max_running || monotonic - endpoint->claimed_at >= CLAIM_PAUSE)
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
