/* SPDX-License-Identifier: MIT */
/* events_ticket.c - POST events/ticket/: makes a ticket, which allows one GET events/ without an Authorization header.
 */
#include "events_resources.h"
#include "respond.h"
#include "shapes.h"

static enum http_outcome made(struct exchange *exchange)
{
	if (exchange->operation.status != DM_OK)
		return respond_failure(exchange, NULL);
	shape_ticket(&exchange->request->response.body, exchange->operation.ticket_create.ticket);
	return respond(exchange, 201);
}

enum http_outcome events_ticket_post(struct exchange *exchange)
{
	if (!exchange->api->hub)
		return respond_error(exchange, 404, "Not found.");
	exchange_operation(exchange, DM_OP_TICKET_CREATE)->ticket_create.key =
		(struct dm_text){exchange->key.data, exchange->key.length};
	return exchange_await(exchange, made);
}
