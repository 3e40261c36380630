/* SPDX-License-Identifier: MIT */
/* webhook_calls.c - the calls of webhooks.h: each runs an operation and waits. */
#include "service.h"

#include "arguments.h"
#include "failure.h"

enum dm_status dm_webhook_create(dm *handle, const struct dm_new_webhook *webhook, int64_t *id, struct dm_error *error)
{
	struct dm_operation operation = {.kind = DM_OP_WEBHOOK_CREATE};
	struct dm_new_webhook new;
	struct dm_error own = {0};
	enum dm_status status;

	if (id)
		*id = 0;
	if (!webhook)
		return service_refuse_null(error);
	if (arguments_copy(&new, sizeof(new), webhook, "dm_new_webhook", &own) != DM_OK)
		return report(error, own.status, &own);
	operation.webhook_create = (struct dm_op_webhook_create){
		.url = new.url, .description = new.description, .secret = new.secret, .events = new.events};
	status = service_run(handle, &operation, error);
	if (id)
		*id = operation.webhook_create.webhook_id;
	return status;
}

enum dm_status dm_webhooks(dm *handle, dm_webhook_row *row, void *context, struct dm_error *error)
{
	struct dm_operation operation = {.kind = DM_OP_WEBHOOKS, .context = context, .webhooks = {.on_webhook = row}};

	return service_run(handle, &operation, error);
}

enum dm_status dm_webhook_by_id(dm *handle, int64_t webhook_id, dm_webhook_row *row, void *context,
				struct dm_error *error)
{
	struct dm_operation operation = {
		.kind = DM_OP_WEBHOOKS, .context = context, .webhooks = {.webhook_id = webhook_id, .on_webhook = row}};

	/* 0 would be all of them */
	if (webhook_id == 0)
		operation.webhooks.webhook_id = -1;
	return service_run(handle, &operation, error);
}

enum dm_status dm_webhook_delete(dm *handle, int64_t webhook_id, struct dm_error *error)
{
	struct dm_operation operation = {.kind = DM_OP_WEBHOOK_DELETE, .webhook_delete = {.webhook_id = webhook_id}};
	enum dm_status status = service_run(handle, &operation, error);

	if (status == DM_OK && dm_deliveries_trim(handle, 0, 0, NULL, NULL) != DM_OK)
		return DM_OK; /* the endpoint is deleted; its deliveries are by the next trim */
	return status;
}

/* Until the last piece has made the change. */
static enum dm_status run_update(dm *handle, struct dm_operation *operation, struct dm_error *error)
{
	enum dm_status status;

	do
		status = service_run(handle, operation, error);
	while (status == DM_OK && operation->webhook_update.more);
	return status;
}

enum dm_status dm_webhook_update(dm *handle, const struct dm_webhook_change *change, dm_webhook_row *row, void *context,
				 struct dm_error *error)
{
	struct dm_operation operation = {.kind = DM_OP_WEBHOOK_UPDATE, .context = context};
	struct dm_webhook_change wanted;
	struct dm_error own = {0};

	if (!change)
		return service_refuse_null(error);
	if (arguments_copy(&wanted, sizeof(wanted), change, "dm_webhook_change", &own) != DM_OK)
		return report(error, own.status, &own);
	operation.webhook_update = (struct dm_op_webhook_update){.webhook_id = wanted.webhook_id,
								 .url = wanted.url,
								 .description = wanted.description,
								 .secret = wanted.secret,
								 .old_until = wanted.old_until,
								 .events = wanted.events,
								 .active = wanted.active,
								 .on_webhook = row};
	return run_update(handle, &operation, error);
}

enum dm_status dm_webhook_enable(dm *handle, int64_t webhook_id, struct dm_error *error)
{
	struct dm_operation operation = {.kind = DM_OP_WEBHOOK_UPDATE,
					 .webhook_update = {.webhook_id = webhook_id, .active = DM_ACTIVE_YES}};

	return run_update(handle, &operation, error);
}

enum dm_status dm_webhook_disable(dm *handle, int64_t webhook_id, struct dm_error *error)
{
	struct dm_operation operation = {.kind = DM_OP_WEBHOOK_UPDATE,
					 .webhook_update = {.webhook_id = webhook_id, .active = DM_ACTIVE_NO}};

	return run_update(handle, &operation, error);
}

enum dm_status dm_webhook_rotate(dm *handle, int64_t webhook_id, struct dm_text secret, int64_t old_until,
				 struct dm_error *error)
{
	struct dm_operation operation = {
		.kind = DM_OP_WEBHOOK_ROTATE,
		.webhook_rotate = {.webhook_id = webhook_id, .secret = secret, .old_until = old_until}};

	return service_run(handle, &operation, error);
}

enum dm_status dm_deliveries(dm *handle, int64_t webhook_id, enum dm_delivery_state state, size_t limit,
			     dm_delivery_row *row, void *context, struct dm_error *error)
{
	struct dm_operation operation = {
		.kind = DM_OP_DELIVERIES,
		.context = context,
		.deliveries = {.webhook_id = webhook_id, .state = state, .limit = limit, .on_delivery = row}};

	return service_run(handle, &operation, error);
}

enum dm_status dm_delivery_requeue(dm *handle, int64_t delivery_id, struct dm_error *error)
{
	struct dm_operation operation = {.kind = DM_OP_DELIVERY_REQUEUE,
					 .delivery_requeue = {.delivery_id = delivery_id}};

	return service_run(handle, &operation, error);
}

enum dm_status dm_deliveries_requeue(dm *handle, int64_t webhook_id,
				     bool (*on_progress)(void *context, int64_t requeued), void *context,
				     int64_t *requeued, struct dm_error *error)
{
	struct dm_operation operation = {.kind = DM_OP_DELIVERIES_REQUEUE,
					 .deliveries_requeue = {.webhook_id = webhook_id}};
	struct dm_op_deliveries_requeue *requeue = &operation.deliveries_requeue;
	enum dm_status status;
	int64_t all = 0;
	bool goes_on;

	do {
		requeue->after = requeue->next_after;
		status = service_run(handle, &operation, error);
		all += requeue->requeued;
		goes_on = status == DM_OK && requeue->next_after != 0;
		if (status == DM_OK && on_progress)
			goes_on = on_progress(context, all) && goes_on;
	} while (goes_on);
	if (requeued)
		*requeued = status == DM_OK ? all : 0;
	return status;
}

enum dm_status dm_deliveries_trim(dm *handle, int64_t before, size_t keep, int64_t *removed, struct dm_error *error)
{
	struct dm_operation operation = {.kind = DM_OP_DELIVERIES_TRIM,
					 .deliveries_trim = {.before = before, .keep = keep}};
	struct dm_op_deliveries_trim *trim = &operation.deliveries_trim;
	int64_t all = 0;
	enum dm_status status;

	do {
		trim->after = trim->next_after;
		status = service_run(handle, &operation, error);
		all += trim->removed;
	} while (status == DM_OK && trim->next_after != 0);
	if (removed)
		*removed = status == DM_OK ? all : 0;
	return status;
}

enum dm_status dm_outbox_state(dm *handle, struct dm_outbox *outbox, struct dm_error *error)
{
	struct dm_operation operation = {.kind = DM_OP_OUTBOX};
	enum dm_status status = outbox ? service_run(handle, &operation, error) : service_refuse_null(error);

	if (outbox)
		*outbox = operation.outbox.outbox;
	return status;
}
