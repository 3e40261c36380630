/* SPDX-License-Identifier: MIT */
/* admin_webhooks.c - /admin/webhooks/: GET lists the endpoints of webhooks, lowest id first; POST makes one. */
#include "admin_listing.h"
#include "admin_resources.h"
#include "admin_webhook_body.h"
#include "respond.h"
#include "webhook_shapes.h"

#include <string.h>

static bool add_webhook(void *context, const struct dm_webhook *webhook)
{
	struct admin_listing *listing = ((struct exchange *)context)->resource;

	if (!admin_listing_add(listing, webhook->id))
		return false;
	shape_endpoint(&listing->rows, webhook, NULL);
	return true;
}

enum http_outcome admin_webhooks_get(struct exchange *exchange)
{
	const struct admin_listing *listing = admin_listing_begin(exchange);

	if (!listing)
		return HTTP_RESPOND;
	exchange_operation(exchange, DM_OP_WEBHOOKS)->webhooks =
		(struct dm_op_webhooks){.on_webhook = add_webhook,
					.after = listing->from.has_position ? listing->from.position : 0,
					.limit = listing->from.limit};
	return exchange_await(exchange, admin_listing_respond);
}

static enum http_outcome created(struct exchange *exchange)
{
	const struct dm_op_webhook_create *made = &exchange->operation.webhook_create;
	const struct dm_webhook webhook = {.id = made->webhook_id,
					   .url = made->url,
					   .description = made->description,
					   .events = made->events,
					   .created_at = made->created_at,
					   .is_active = true};

	if (exchange->operation.status != DM_OK)
		return respond_failure(exchange, NULL);
	shape_endpoint(&exchange->request->response.body, &webhook, made->secret.data);
	return respond(exchange, 201);
}

enum http_outcome admin_webhooks_post(struct exchange *exchange)
{
	char *made = arena_alloc(&exchange->request->arena, SECRET_SIZE);
	struct dm_op_webhook_create webhook = {.events = 0};

	if (!made)
		return respond_no_room(exchange->request);
	if (!admin_read_new_webhook(exchange, &webhook, made))
		return HTTP_RESPOND;
	exchange_operation(exchange, DM_OP_WEBHOOK_CREATE)->webhook_create = webhook;
	return exchange_await(exchange, created);
}
