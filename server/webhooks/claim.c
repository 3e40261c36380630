/* SPDX-License-Identifier: MIT */
/* claim.c - claims deliveries, so that no other worker posts them. */
#include "claim.h"

#include "attempt.h"
#include "clock.h"
#include "delivery.h"

#include <stdlib.h>

#define SECOND INT64_C(1000000)

/* How much longer than a request a claim lasts. A worker that has reported no result by then counts as dead. */
#define LEASE_MARGIN (15 * SECOND)

/* On the lane's thread. */
static bool on_delivery(void *context, const struct dm_delivery *row)
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
static void on_claimed(struct dm_operation *operation)
{
	struct claim *claim = operation->context;
	struct webhooks *webhooks = claim->webhooks;

	pthread_mutex_lock(&webhooks->mutex);
	claim->next = webhooks->claims;
	webhooks->claims = claim;
	poster_wake(webhooks->poster); /* before the unlock: after it, a stopping worker may have freed the poster */
	pthread_mutex_unlock(&webhooks->mutex);
}

static int64_t lease(const struct webhooks *webhooks)
{
	return webhooks->options.poster.timeout_ms * INT64_C(1000) + LEASE_MARGIN;
}

int64_t claim_max_ahead(const struct webhooks *webhooks)
{
	int64_t longest = schedule_longest(&webhooks->options.schedule);

	return longest > lease(webhooks) ? longest : lease(webhooks);
}

void claim_begin(struct webhooks *webhooks, struct endpoint *endpoint, size_t room)
{
	struct claim *claim = calloc(1, sizeof(*claim));

	endpoint->claimed_at = clock_monotonic();
	endpoint->has_new = false; /* on_claimed sets it if the claim is full */
	endpoint->next_at = 0;
	if (!claim)
		return;
	claim->endpoint = endpoint;
	claim->webhooks = webhooks;
	claim->timeout_ms = webhooks->options.poster.timeout_ms;
	claim->operation = (struct dm_operation){
		.kind = DM_OP_DELIVERIES_CLAIM,
		.done = on_claimed,
		.context = claim,
		.deliveries_claim = {.webhook_id = endpoint->id,
				     .until = clock_now() + lease(webhooks),
				     .limit = room,
				     .max_ahead_us = webhooks->max_ahead,
				     .on_delivery = on_delivery},
	};
	endpoint->is_claiming = true;
	webhooks->claims_under_way++;
	dm_submit(webhooks->handle, &claim->operation);
}

/* The list has the deliveries backwards; they are posted in the order of the event log. */
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

static void end_claim(struct webhooks *webhooks, struct claim *claim)
{
	struct delivery *delivery = reverse(claim->deliveries), *next;
	struct endpoint *endpoint = claim->endpoint;
	bool is_good = claim->operation.status == DM_OK;

	endpoint->is_claiming = false;
	endpoint->has_new =
		claim->operation.deliveries_claim.claimed == (int64_t)claim->operation.deliveries_claim.limit;
	if (!is_good)
		endpoint->paused_until = clock_monotonic() + SECOND;
	webhooks->claims_under_way--;
	for (; delivery; delivery = next) {
		next = delivery->next;
		delivery->post.max_ms = claim->timeout_ms;
		if (is_good)
			attempt_start(endpoint, delivery);
		else
			delivery_free(delivery); /* not all could be copied: the claim ends by itself */
	}
	free(claim);
}

bool claims_collect(struct webhooks *webhooks)
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
		end_claim(webhooks, claim);
	}
	return any;
}
