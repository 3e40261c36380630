/* SPDX-License-Identifier: MIT */
/* admin_webhook.c - /admin/webhooks/<id>/: shows, changes and deletes an endpoint of webhooks. */
#include "admin_webhook.h"
#include "admin_resources.h"
#include "admin_webhook_body.h"
#include "clock.h"
#include "respond.h"
#include "webhook_shapes.h"

static bool show(void *context, const struct dm_webhook *webhook)
{
	struct exchange *exchange = context;

	shape_endpoint(&exchange->request->response.body, webhook, NULL);
	return true;
}

static enum http_outcome found(struct exchange *exchange)
{
	if (exchange->operation.status != DM_OK)
		return respond_failure(exchange, ADMIN_NO_WEBHOOK);
	return respond(exchange, 200);
}

enum http_outcome admin_webhook_find(struct exchange *exchange, dm_webhook_row *on_webhook, exchange_step *then)
{
	if (exchange->target_id == 0) /* it would be all of them */
		return respond_error(exchange, 404, ADMIN_NO_WEBHOOK);
	exchange_operation(exchange, DM_OP_WEBHOOKS)->webhooks =
		(struct dm_op_webhooks){.webhook_id = exchange->target_id, .on_webhook = on_webhook};
	return exchange_await(exchange, then);
}

enum http_outcome admin_webhook_get(struct exchange *exchange)
{
	return admin_webhook_find(exchange, show, found);
}

/* ---- PATCH --------------------------------------------------------------------------------------------------- */

struct change {
	int64_t ends_at; /* of the work in pieces, by the monotonic clock */
	char made[SECRET_SIZE];
};

static bool show_changed(void *context, const struct dm_webhook *webhook)
{
	struct exchange *exchange = context;

	shape_endpoint(&exchange->request->response.body, webhook, exchange->operation.webhook_update.secret.data);
	return true;
}

/* Deliveries from before an endpoint was disabled fail first, a piece at a time. Until then nothing else has changed.
 */
static enum http_outcome changed(struct exchange *exchange)
{
	const struct change *change = exchange->resource;

	if (exchange->operation.status != DM_OK || !exchange->operation.webhook_update.more)
		return found(exchange);
	if (clock_monotonic() < change->ends_at)
		return exchange_await(exchange, changed);
	return respond_error(exchange, 503,
			     "Its deliveries from before it was disabled still have to fail. Try again.");
}

enum http_outcome admin_webhook_patch(struct exchange *exchange)
{
	struct change *change = arena_alloc(&exchange->request->arena, sizeof(*change));
	struct dm_op_webhook_update update = {.webhook_id = exchange->target_id, .on_webhook = show_changed};

	if (!change)
		return respond_no_room(exchange->request);
	if (!admin_read_webhook_change(exchange, &update, change->made))
		return HTTP_RESPOND;
	change->ends_at = clock_monotonic() + ADMIN_MAX_TIME;
	exchange->resource = change;
	exchange_operation(exchange, DM_OP_WEBHOOK_UPDATE)->webhook_update = update;
	return exchange_await(exchange, changed);
}

/* ---- DELETE -------------------------------------------------------------------------------------------------- */

/* Its deliveries go piece by piece, as long as there is time. What is left then the worker trims. */
static enum http_outcome trimmed(struct exchange *exchange)
{
	struct dm_op_deliveries_trim *trim = &exchange->operation.deliveries_trim;
	const struct change *change = exchange->resource;

	if (exchange->operation.status != DM_OK || trim->next_after == 0 || clock_monotonic() >= change->ends_at)
		return respond_empty(exchange, 204); /* the endpoint is deleted */
	trim->after = trim->next_after;
	return exchange_await(exchange, trimmed);
}

static enum http_outcome deleted(struct exchange *exchange)
{
	if (exchange->operation.status != DM_OK)
		return respond_failure(exchange, ADMIN_NO_WEBHOOK);
	exchange_operation(exchange, DM_OP_DELIVERIES_TRIM);
	return exchange_await(exchange, trimmed);
}

enum http_outcome admin_webhook_delete(struct exchange *exchange)
{
	struct change *change = arena_alloc(&exchange->request->arena, sizeof(*change));

	if (!change)
		return respond_no_room(exchange->request);
	change->ends_at = clock_monotonic() + ADMIN_MAX_TIME;
	exchange->resource = change;
	exchange_operation(exchange, DM_OP_WEBHOOK_DELETE)->webhook_delete =
		(struct dm_op_webhook_delete){.webhook_id = exchange->target_id};
	return exchange_await(exchange, deleted);
}
