/* SPDX-License-Identifier: MIT */
/* events_ticket.c - POST events/ticket/: makes a ticket, which allows one GET events/ without an Authorization header.
 */
#include "events_resources.h"
#include "respond.h"
#include "shapes.h"
#include "ticket.h"

static enum http_outcome made(struct exchange *exchange)
{
	if (exchange->operation.status != DM_OK)
		return respond_failure(exchange, NULL);
	shape_ticket(&exchange->request->response.body, exchange->operation.ticket_create.ticket);
	return respond(exchange, 201);
}

/* Whom the ticket stands for. */
static struct span ticket_key(struct exchange *exchange)
{
	char key[DM_TOKEN_LENGTH + 1];

	if (exchange->key.length > 0)
		return exchange->key;
	ticket_format_user(exchange->user_id, exchange->expires_at, key);
	return arena_copy(&exchange->request->arena, span_from(key));
}

enum http_outcome events_ticket_post(struct exchange *exchange)
{
	struct span key;

	if (!exchange->api->hub)
		return respond_error(exchange, 404, "Not found.");
	key = ticket_key(exchange);
	exchange_operation(exchange, DM_OP_TICKET_CREATE)->ticket_create.key = (struct dm_text){key.data, key.length};
	return exchange_await(exchange, made);
}
