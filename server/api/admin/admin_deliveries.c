/* SPDX-License-Identifier: MIT */
/* admin_deliveries.c - GET /admin/webhooks/<id>/deliveries/: a page of an endpoint's deliveries, newest first. */
#include "admin_listing.h"
#include "admin_resources.h"
#include "admin_webhook.h"
#include "form.h"
#include "respond.h"
#include "webhook_shapes.h"

struct chosen {
	struct admin_listing *listing;
	enum dm_delivery_state state;
};

static bool add_delivery(void *context, const struct dm_delivery *delivery)
{
	struct admin_listing *listing = ((struct exchange *)context)->resource;

	if (!admin_listing_add(listing, delivery->id))
		return false;
	shape_delivery(&listing->rows, delivery);
	return true;
}

/* The page may end before a delivery that was found, or where the operation has stopped to look. */
static enum http_outcome listed(struct exchange *exchange)
{
	const struct dm_op_deliveries_find *find = &exchange->operation.deliveries_find;
	struct admin_listing *listing = exchange->resource;

	if (!listing->has_more && find->next_before != 0) {
		listing->has_more = true;
		listing->last = find->next_before;
	}
	return admin_listing_respond(exchange);
}

static bool ignore(void *context, const struct dm_webhook *webhook)
{
	(void)context, (void)webhook;
	return true;
}

static enum http_outcome list(struct exchange *exchange)
{
	const struct chosen *chosen = exchange->resource;
	const struct dm_op_deliveries_find find = {
		.webhook_id = exchange->target_id,
		.state = chosen->state,
		.before = chosen->listing->from.has_position ? chosen->listing->from.position : 0,
		.limit = ADMIN_PAGE_SIZE,
		.on_delivery = add_delivery};

	if (exchange->operation.status != DM_OK)
		return respond_failure(exchange, ADMIN_NO_WEBHOOK);
	exchange->resource = chosen->listing;
	exchange_operation(exchange, DM_OP_DELIVERIES_FIND)->deliveries_find = find;
	return exchange_await(exchange, listed);
}

/* Reads ?state=. False after it has responded. */
static bool read_state(struct exchange *exchange, enum dm_delivery_state *state)
{
	struct span name;

	*state = DM_DELIVERY_ANY;
	if (!form_find(exchange->request->query, &exchange->request->arena, SPAN("state"), FORM_LAST, &name) ||
	    delivery_state_named(name, state))
		return true;
	respond_error(exchange, 400, "state must be pending, delivered or failed.");
	return false;
}

enum http_outcome admin_deliveries_get(struct exchange *exchange)
{
	struct chosen *chosen = arena_alloc(&exchange->request->arena, sizeof(*chosen));

	if (!chosen)
		return respond_no_room(exchange->request);
	if (!read_state(exchange, &chosen->state))
		return HTTP_RESPOND;
	chosen->listing = admin_listing_begin(exchange);
	if (!chosen->listing)
		return HTTP_RESPOND;
	exchange->resource = chosen;
	return admin_webhook_find(exchange, ignore, list);
}
