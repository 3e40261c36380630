/* SPDX-License-Identifier: MIT */
/* result.c - reports the results of attempts to the store. */
#include "result.h"

#include "delivery.h"
#include "log.h"

#include <string.h>

/* The delivery's result is stored, or given up. */
static void forget(struct delivery *delivery)
{
	struct webhooks *webhooks = delivery->webhooks;

	delivery_free(delivery);
	atomic_fetch_sub(&webhooks->reports_under_way, 1);
}

/* On the lane's thread. */
static void on_reported(struct dm_operation *operation)
{
	struct delivery *delivery = operation->context;
	struct webhooks *webhooks = delivery->webhooks;

	if (operation->status != DM_OK) {
		pthread_mutex_lock(&webhooks->mutex);
		delivery->next = webhooks->unreported;
		webhooks->unreported = delivery;
		pthread_mutex_unlock(&webhooks->mutex);
		return;
	}
	if (operation->count > 0) {
		atomic_fetch_add(&webhooks->options.counts->disabled, 1);
		log_line(LOG_WARNING, "webhook %lld is disabled: %.*s", (long long)delivery->call.webhook_id,
			 (int)delivery->call.disabled_why.length, delivery->call.disabled_why.data);
	}
	forget(delivery);
}

void result_report(struct delivery *delivery, enum dm_delivery_outcome outcome)
{
	struct webhooks *webhooks = delivery->webhooks;

	delivery->endpoint = NULL;
	delivery->call.outcome = outcome;
	delivery->call.error = (struct dm_text){delivery->error, strlen(delivery->error)};
	delivery->operation = (struct dm_operation){
		.kind = DM_OP_DELIVERY_RECORD,
		.webhook = &delivery->call,
		.done = on_reported,
		.context = delivery,
	};
	atomic_fetch_add(&webhooks->reports_under_way, 1);
	dm_submit(webhooks->handle, &delivery->operation);
}

void results_report_again(struct webhooks *webhooks)
{
	struct delivery *delivery, *next;

	pthread_mutex_lock(&webhooks->mutex);
	delivery = webhooks->unreported;
	webhooks->unreported = NULL;
	pthread_mutex_unlock(&webhooks->mutex);
	for (; delivery; delivery = next) {
		next = delivery->next;
		if (atomic_load(&webhooks->stopping)) /* the claim runs out, and another worker makes the attempt */
			forget(delivery);
		else
			dm_submit(webhooks->handle, &delivery->operation);
	}
}
