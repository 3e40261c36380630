/* SPDX-License-Identifier: MIT */
/* result.c - reports the results of attempts to the store. */
#include "result.h"

#include "delivery.h"
#include "log.h"

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
	const struct dm_op_delivery_result *result = &operation->delivery_result;
	struct delivery *delivery = operation->context;
	struct webhooks *webhooks = delivery->webhooks;

	if (operation->status != DM_OK) {
		pthread_mutex_lock(&webhooks->mutex);
		delivery->next = webhooks->unreported;
		webhooks->unreported = delivery;
		pthread_mutex_unlock(&webhooks->mutex);
		return;
	}
	if (result->disabled) {
		atomic_fetch_add(&webhooks->options.counts->disabled, 1);
		log_line(LOG_WARNING, "webhook %lld is disabled: %.*s", (long long)result->webhook_id,
			 (int)result->disabled_reason.length, result->disabled_reason.data);
	}
	forget(delivery);
}

void result_report(struct delivery *delivery, enum dm_delivery_outcome outcome)
{
	struct webhooks *webhooks = delivery->webhooks;

	delivery->endpoint = NULL;
	delivery->operation.kind = DM_OP_DELIVERY_RESULT;
	delivery->operation.done = on_reported;
	delivery->operation.context = delivery;
	delivery->operation.delivery_result.outcome = outcome;
	delivery->operation.delivery_result.error = dm_text_of(delivery->error);
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
