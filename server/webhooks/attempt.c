/* SPDX-License-Identifier: MIT */
/* attempt.c - claimed deliveries on their way: claim, post, record. */
#include "worker.h"

#include "clock.h"
#include "log.h"
#include "random.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SECOND INT64_C(1000000)

/* How long a claim outlasts the time limit of a request: a worker that has not told by then counts as dead. */
#define LEASE_MARGIN (15 * SECOND)

/* An endpoint that asks for less is left alone for so long at most. */
#define PAUSE_MOST 3600

/* ---- records -------------------------------------------------------------------------------------------------- */

/* On the lane's thread. */
static void recorded(struct dm_operation *operation)
{
	struct delivery *delivery = operation->context;
	struct webhooks *webhooks = delivery->webhooks;

	if (operation->status != DM_OK) {
		pthread_mutex_lock(&webhooks->mutex);
		delivery->next = webhooks->unrecorded;
		webhooks->unrecorded = delivery;
		pthread_mutex_unlock(&webhooks->mutex);
		return;
	}
	if (operation->count > 0) {
		atomic_fetch_add(&webhooks->options.counts->disabled, 1);
		log_line(LOG_WARNING, "webhook %lld is disabled: %.*s", (long long)delivery->call.webhook_id,
			 (int)delivery->call.disabled_why.length, delivery->call.disabled_why.data);
	}
	delivery_free(delivery);
	atomic_fetch_sub(&webhooks->records_under_way, 1);
}

static void record(struct delivery *delivery, enum dm_delivery_outcome outcome)
{
	struct webhooks *webhooks = delivery->webhooks;

	delivery->endpoint = NULL;
	delivery->call.outcome = outcome;
	delivery->call.error = (struct dm_text){delivery->error, strlen(delivery->error)};
	delivery->operation = (struct dm_operation){
		.kind = DM_OP_DELIVERY_RECORD,
		.webhook = &delivery->call,
		.done = recorded,
		.context = delivery,
	};
	atomic_fetch_add(&webhooks->records_under_way, 1);
	dm_submit(webhooks->handle, &delivery->operation);
}

void records_repeat(struct webhooks *webhooks)
{
	struct delivery *delivery, *next;

	pthread_mutex_lock(&webhooks->mutex);
	delivery = webhooks->unrecorded;
	webhooks->unrecorded = NULL;
	pthread_mutex_unlock(&webhooks->mutex);
	for (; delivery; delivery = next) {
		next = delivery->next;
		/* When stopping it is not waited for: the claim ends, and the delivery is made again. */
		if (atomic_load(&webhooks->stopping)) {
			delivery_free(delivery);
			atomic_fetch_sub(&webhooks->records_under_way, 1);
		} else {
			dm_submit(webhooks->handle, &delivery->operation);
		}
	}
}

/* ---- attempts ------------------------------------------------------------------------------------------------- */

static void leave_running(struct delivery *delivery)
{
	struct delivery **place = &delivery->webhooks->running;

	while (*place != delivery)
		place = &(*place)->next;
	*place = delivery->next;
	delivery->endpoint->running--;
}

static enum dm_delivery_outcome fail_attempt(struct delivery *delivery)
{
	const struct webhooks_options *options = &delivery->webhooks->options;
	struct dm_webhook_call *call = &delivery->call;
	int64_t now = clock_now();
	uint32_t dice = UINT32_MAX / 2;

	if (delivery->post.status == 410) {
		call->disabled_why = (struct dm_text){"it answered with status 410", 27};
		return DM_OUTCOME_GONE;
	}
	if (!random_bytes(&dice, sizeof(dice)))
		log_line(LOG_DEBUG, "no random numbers for the next attempt's time");
	call->next_at = schedule_next(&options->schedule, now, call->attempt, delivery->post.retry_after, dice);
	if (call->next_at != 0)
		return DM_OUTCOME_RETRY;
	atomic_fetch_add(&options->counts->given_up, 1);
	call->disable_before = now - options->disable_after;
	call->disabled_why = (struct dm_text){"nothing was taken for too long", 30};
	log_line(LOG_WARNING, "webhook %lld: gave up delivery %lld after %lld attempts: %s",
		 (long long)call->webhook_id, (long long)call->delivery_id, (long long)call->attempt, delivery->error);
	return DM_OUTCOME_FAILED;
}

static void note_failure(struct endpoint *endpoint, const struct delivery *delivery)
{
	const struct post *post = &delivery->post;

	if (endpoint->failures++ == 0)
		log_line(LOG_WARNING, "webhook %lld: delivery %lld failed: %s", (long long)endpoint->id,
			 (long long)delivery->call.delivery_id, delivery->error);
	if (post->retry_after > 0 && (post->status == 429 || post->status == 503))
		endpoint->paused_until =
			clock_monotonic() + (post->retry_after < PAUSE_MOST ? post->retry_after : PAUSE_MOST) * SECOND;
}

static void finished(struct post *post)
{
	struct delivery *delivery = (struct delivery *)((char *)post - offsetof(struct delivery, post));
	struct webhook_counts *counts = delivery->webhooks->options.counts;
	struct endpoint *endpoint = delivery->endpoint;

	leave_running(delivery);
	delivery->call.http_status = post->status;
	snprintf(delivery->error, sizeof(delivery->error), "%s", post->error);
	if (!*post->error) {
		if (endpoint->failures > 0)
			log_line(LOG_INFO, "webhook %lld takes deliveries again", (long long)endpoint->id);
		endpoint->failures = 0;
		atomic_fetch_add(&counts->delivered, 1);
		record(delivery, DM_OUTCOME_DELIVERED);
		return;
	}
	atomic_fetch_add(&counts->failed, 1);
	note_failure(endpoint, delivery);
	record(delivery, fail_attempt(delivery));
}

/* What is not the endpoint's fault. */
static void give_up(struct delivery *delivery, const char *why)
{
	snprintf(delivery->error, sizeof(delivery->error), "%s", why);
	delivery->call.webhook_id = 0;
	record(delivery, DM_OUTCOME_FAILED);
}

static void start(struct webhooks *webhooks, struct endpoint *endpoint, struct delivery *delivery)
{
	struct post *post = &delivery->post;

	if (atomic_load(&webhooks->stopping) || !endpoint->is_there) {
		record(delivery, DM_OUTCOME_RELEASED);
		return;
	}
	switch (delivery_make_body(delivery)) {
	case DELIVERY_HAS_BODY:
		break;
	case DELIVERY_LACKS_ROOM:
		endpoint->paused_until = clock_monotonic() + SECOND;
		record(delivery, DM_OUTCOME_RELEASED);
		return;
	case DELIVERY_GONE:
		give_up(delivery, "the message does not exist any more");
		return;
	case DELIVERY_TOO_LARGE:
		give_up(delivery, "the message is too large");
		return;
	}
	post->url = endpoint->url;
	post->id = span_from(delivery->name);
	post->body = buffer_span(&delivery->body);
	post->secret = endpoint->secret;
	post->old_secret =
		*endpoint->old_secret && endpoint->old_secret_until > clock_now() ? endpoint->old_secret : NULL;
	post->finished = finished;
	delivery->endpoint = endpoint;
	delivery->next = webhooks->running;
	webhooks->running = delivery;
	endpoint->running++;
	if (poster_start(webhooks->poster, post))
		return;
	leave_running(delivery);
	record(delivery, DM_OUTCOME_RELEASED);
}

void attempts_cancel(struct webhooks *webhooks)
{
	while (webhooks->running) {
		struct delivery *delivery = webhooks->running;

		poster_cancel(webhooks->poster, &delivery->post);
		leave_running(delivery);
		record(delivery, DM_OUTCOME_RELEASED);
	}
}

/* ---- claims --------------------------------------------------------------------------------------------------- */

/* On the lane's thread, before the commit. */
static bool take_delivery(void *context, const struct dm_delivery *row)
{
	struct claim *claim = context;
	struct delivery *delivery = delivery_new(claim->webhooks, row);

	if (!delivery)
		return false;
	delivery->next = claim->deliveries;
	claim->deliveries = delivery;
	return true;
}

/* On the lane's thread. */
static void claimed(struct dm_operation *operation)
{
	struct claim *claim = operation->context;
	struct webhooks *webhooks = claim->webhooks;

	pthread_mutex_lock(&webhooks->mutex);
	claim->next = webhooks->claims;
	webhooks->claims = claim;
	poster_wake(webhooks->poster); /* before the unlock: behind it, at the end, the poster may be gone */
	pthread_mutex_unlock(&webhooks->mutex);
}

static int64_t lease(const struct webhooks *webhooks)
{
	return webhooks->options.poster.timeout_ms * INT64_C(1000) + LEASE_MARGIN;
}

int64_t attempts_ahead_most(const struct webhooks *webhooks)
{
	int64_t most = schedule_longest(&webhooks->options.schedule);

	return most > lease(webhooks) ? most : lease(webhooks);
}

void claim_begin(struct webhooks *webhooks, struct endpoint *endpoint, size_t room)
{
	struct claim *claim = calloc(1, sizeof(*claim));

	endpoint->claimed_at = clock_monotonic();
	endpoint->has_new = false; /* unless it gets as many as there is room for */
	endpoint->next_at = 0;
	if (!claim)
		return;
	claim->endpoint = endpoint;
	claim->webhooks = webhooks;
	claim->call = (struct dm_webhook_call){
		.webhook_id = endpoint->id,
		.limit = room,
		.until = clock_now() + lease(webhooks),
		.ahead = webhooks->ahead_most,
		.on_delivery = take_delivery,
	};
	claim->operation = (struct dm_operation){
		.kind = DM_OP_DELIVERIES_CLAIM, .webhook = &claim->call, .done = claimed, .context = claim};
	endpoint->claiming = true;
	webhooks->claims_under_way++;
	dm_submit(webhooks->handle, &claim->operation);
}

/* In the order of the log: the list has them backwards. */
static struct delivery *reverse(struct delivery *list)
{
	struct delivery *reversed = NULL;

	while (list) {
		struct delivery *next = list->next;

		list->next = reversed;
		reversed = list;
		list = next;
	}
	return reversed;
}

static void take_claim(struct webhooks *webhooks, struct claim *claim)
{
	struct delivery *delivery = reverse(claim->deliveries), *next;

	claim->endpoint->claiming = false;
	claim->endpoint->has_new = claim->operation.count == (int64_t)claim->call.limit;
	if (claim->operation.status != DM_OK)
		claim->endpoint->paused_until = clock_monotonic() + SECOND;
	webhooks->claims_under_way--;
	for (; delivery; delivery = next) {
		next = delivery->next;
		if (claim->operation.status == DM_OK)
			start(webhooks, claim->endpoint, delivery);
		else
			delivery_free(delivery); /* the commit has failed: they are nobody's */
	}
	free(claim);
}

bool claims_take(struct webhooks *webhooks)
{
	struct claim *claim, *next;
	bool any;

	pthread_mutex_lock(&webhooks->mutex);
	claim = webhooks->claims;
	webhooks->claims = NULL;
	pthread_mutex_unlock(&webhooks->mutex);
	any = claim != NULL;
	for (; claim; claim = next) {
		next = claim->next;
		take_claim(webhooks, claim);
	}
	return any;
}
