/* SPDX-License-Identifier: MIT */
/* attempt.c - the attempts that are under way: a request for each. */
#include "attempt.h"

#include "clock.h"
#include "delivery.h"
#include "log.h"
#include "random.h"
#include "result.h"

#include <stdio.h>
#include <string.h>

#define SECOND INT64_C(1000000)

/* How long an endpoint is left alone at most if it asks for less (429, 503), in seconds. */
#define MAX_PAUSE 3600

static void remove_running(struct delivery *delivery)
{
	struct delivery **place = &delivery->webhooks->running;

	while (*place != delivery)
		place = &(*place)->next;
	*place = delivery->next;
	delivery->endpoint->running--;
}

/* Decides what follows a failed attempt: a retry, the end of the delivery, or of the endpoint. */
static enum dm_delivery_outcome judge_failure(struct delivery *delivery)
{
	const struct webhooks_options *options = &delivery->webhooks->options;
	struct dm_op_delivery_result *result = &delivery->operation.delivery_result;
	int64_t now = clock_now();
	uint32_t dice = UINT32_MAX / 2;

	if (delivery->post.status == 410) {
		result->disabled_reason = dm_text_of(delivery->error);
		return DM_OUTCOME_GONE;
	}
	if (!random_bytes(&dice, sizeof(dice)))
		log_line(LOG_DEBUG, "no random numbers: the time of the next attempt is not spread");
	result->next_at = schedule_next(&options->schedule, now, result->attempt, delivery->post.retry_after, dice);
	if (result->next_at != 0)
		return DM_OUTCOME_RETRY;
	atomic_fetch_add(&options->counts->given_up, 1);
	result->disable_before = now - options->disable_after;
	result->disabled_reason = DM_TEXT("no delivery succeeded for too long");
	log_line(LOG_WARNING, "webhook %lld: gave up delivery %lld after %lld attempts: %s",
		 (long long)result->webhook_id, (long long)result->delivery_id, (long long)result->attempt,
		 delivery->error);
	return DM_OUTCOME_FAILED;
}

static void note_failure(struct endpoint *endpoint, const struct delivery *delivery)
{
	const struct post *post = &delivery->post;

	if (endpoint->failures++ == 0)
		log_line(LOG_WARNING, "webhook %lld: delivery %lld failed: %s", (long long)endpoint->id,
			 (long long)delivery->operation.delivery_result.delivery_id, delivery->error);
	if (post->retry_after > 0 && (post->status == 429 || post->status == 503))
		endpoint->paused_until =
			clock_monotonic() + (post->retry_after < MAX_PAUSE ? post->retry_after : MAX_PAUSE) * SECOND;
}

static void on_post_ended(struct post *post)
{
	struct delivery *delivery = (struct delivery *)((char *)post - offsetof(struct delivery, post));
	struct webhook_counts *counts = delivery->webhooks->options.counts;
	struct endpoint *endpoint = delivery->endpoint;

	remove_running(delivery);
	delivery->operation.delivery_result.http_status = post->status;
	snprintf(delivery->error, sizeof(delivery->error), "%s", post->error);
	if (!*post->error) {
		if (endpoint->failures > 0)
			log_line(LOG_INFO, "webhook %lld accepts deliveries again", (long long)endpoint->id);
		endpoint->failures = 0;
		atomic_fetch_add(&counts->delivered, 1);
		result_report(delivery, DM_OUTCOME_DELIVERED);
		return;
	}
	atomic_fetch_add(&counts->failed, 1);
	note_failure(endpoint, delivery);
	result_report(delivery, judge_failure(delivery));
}

/* Gives up a delivery for a reason that says nothing against its endpoint. */
static void give_up(struct delivery *delivery, const char *why)
{
	snprintf(delivery->error, sizeof(delivery->error), "%s", why);
	delivery->operation.delivery_result.webhook_id = 0;
	result_report(delivery, DM_OUTCOME_FAILED);
}

/* False: the delivery has no body; that was reported. */
static bool prepare_body(struct endpoint *endpoint, struct delivery *delivery)
{
	switch (delivery_make_body(delivery)) {
	case DELIVERY_HAS_BODY:
		return true;
	case DELIVERY_LACKS_ROOM:
		endpoint->paused_until = clock_monotonic() + SECOND;
		result_report(delivery, DM_OUTCOME_RELEASED);
		return false;
	case DELIVERY_GONE:
		give_up(delivery, "the message no longer exists");
		return false;
	case DELIVERY_TOO_LARGE:
		give_up(delivery, "the message is too large");
		return false;
	}
	return false;
}

void attempt_start(struct endpoint *endpoint, struct delivery *delivery)
{
	struct webhooks *webhooks = delivery->webhooks;
	struct post *post = &delivery->post;

	if (atomic_load(&webhooks->stopping) || !endpoint->is_active) {
		result_report(delivery, DM_OUTCOME_RELEASED);
		return;
	}
	if (!prepare_body(endpoint, delivery))
		return;
	post->url = endpoint->url;
	post->id = span_from(delivery->name);
	post->traceparent = span_from(delivery->traceparent);
	post->body = buffer_span(&delivery->body);
	post->secret = endpoint->secret;
	post->old_secret =
		*endpoint->old_secret && endpoint->old_secret_until > clock_now() ? endpoint->old_secret : NULL;
	post->on_ended = on_post_ended;
	delivery->endpoint = endpoint;
	delivery->next = webhooks->running;
	webhooks->running = delivery;
	endpoint->running++;
	if (poster_start(webhooks->poster, post))
		return;
	remove_running(delivery);
	result_report(delivery, DM_OUTCOME_RELEASED);
}

void attempts_cancel(struct webhooks *webhooks)
{
	while (webhooks->running) {
		struct delivery *delivery = webhooks->running;

		poster_cancel(webhooks->poster, &delivery->post);
		remove_running(delivery);
		result_report(delivery, DM_OUTCOME_RELEASED);
	}
}
