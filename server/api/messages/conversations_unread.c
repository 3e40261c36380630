/* SPDX-License-Identifier: MIT */
/* conversations_unread.c - GET conversations/unread/: unread messages by partner. */
#include "messages_resources.h"
#include "respond.h"
#include "shapes.h"

static bool add_row(void *context, const struct dm_unread *unread)
{
	struct buffer *body = &((struct exchange *)context)->request->response.body;

	buffer_append_char(body, body->length == 0 ? '[' : ',');
	shape_unread_of_partner(body, unread);
	return true;
}

static enum http_outcome listed(struct exchange *exchange)
{
	struct buffer *body = &exchange->request->response.body;

	if (exchange->operation.status != DM_OK)
		return respond_failure(exchange, NULL);
	if (body->length == 0)
		buffer_append_char(body, '[');
	buffer_append_char(body, ']');
	return respond(exchange, 200);
}

enum http_outcome conversations_unread_get(struct exchange *exchange)
{
	exchange_operation(exchange, DM_OP_UNREAD_BY_PARTNER)->unread_by_partner =
		(struct dm_op_unread_by_partner){.user_id = exchange->user_id, .on_unread = add_row};
	return exchange_await(exchange, listed);
}
