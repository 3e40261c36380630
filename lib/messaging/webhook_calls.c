/* SPDX-License-Identifier: MIT */
/* webhook_calls.c - the plain calls of directmessages_webhooks.h: each is an operation that is waited for. */
#include "directmessages_webhooks.h"
#include "service.h"

static enum dm_status run(dm *handle, enum dm_operation_kind kind, struct dm_webhook_call *call, void *context,
			  int64_t *count, struct dm_error *error)
{
	struct dm_operation operation = {.kind = kind, .webhook = call, .context = context};
	enum dm_status status = service_run(handle, &operation, error);

	if (status == DM_OK && count)
		*count = operation.count;
	return status;
}

enum dm_status dm_webhook_create(dm *handle, const struct dm_new_webhook *webhook, int64_t *id, struct dm_error *error)
{
	struct dm_webhook_call call = {.new_webhook = webhook};

	return run(handle, DM_OP_WEBHOOK_CREATE, &call, NULL, id, error);
}

enum dm_status dm_webhooks(dm *handle, dm_webhook_row *row, void *context, struct dm_error *error)
{
	struct dm_webhook_call call = {.on_webhook = row};

	return run(handle, DM_OP_WEBHOOKS, &call, context, NULL, error);
}

enum dm_status dm_webhook_delete(dm *handle, int64_t webhook_id, struct dm_error *error)
{
	struct dm_webhook_call call = {.webhook_id = webhook_id};

	return run(handle, DM_OP_WEBHOOK_DELETE, &call, NULL, NULL, error);
}

enum dm_status dm_webhook_enable(dm *handle, int64_t webhook_id, struct dm_error *error)
{
	struct dm_webhook_call call = {.webhook_id = webhook_id};

	return run(handle, DM_OP_WEBHOOK_ENABLE, &call, NULL, NULL, error);
}

enum dm_status dm_webhook_rotate(dm *handle, int64_t webhook_id, struct dm_text secret, int64_t old_until,
				 struct dm_error *error)
{
	struct dm_new_webhook changed = {.secret = secret};
	struct dm_webhook_call call = {.webhook_id = webhook_id, .new_webhook = &changed, .until = old_until};

	return run(handle, DM_OP_WEBHOOK_ROTATE, &call, NULL, NULL, error);
}

enum dm_status dm_deliveries(dm *handle, int64_t webhook_id, int state, size_t limit, dm_delivery_row *row,
			     void *context, struct dm_error *error)
{
	struct dm_webhook_call call = {.webhook_id = webhook_id, .state = state, .limit = limit, .on_delivery = row};

	return run(handle, DM_OP_DELIVERIES, &call, context, NULL, error);
}

enum dm_status dm_delivery_retry(dm *handle, int64_t delivery_id, struct dm_error *error)
{
	struct dm_webhook_call call = {.delivery_id = delivery_id};

	return run(handle, DM_OP_DELIVERY_RETRY, &call, NULL, NULL, error);
}

enum dm_status dm_deliveries_trim(dm *handle, int64_t before, size_t keep, int64_t *removed, struct dm_error *error)
{
	struct dm_webhook_call call = {.until = before, .limit = keep};
	enum dm_status status;
	int64_t count, all = 0;

	do {
		status = run(handle, DM_OP_DELIVERIES_TRIM, &call, NULL, &count, error);
		if (status == DM_OK)
			all += count;
	} while (status == DM_OK && call.delivery_id != 0);
	if (removed)
		*removed = all;
	return status;
}

enum dm_status dm_outbox_state(dm *handle, struct dm_outbox *outbox, struct dm_error *error)
{
	struct dm_webhook_call call = {.outbox = outbox};

	return run(handle, DM_OP_OUTBOX, &call, NULL, NULL, error);
}
