/* SPDX-License-Identifier: MIT */
/* admin_message.c - DELETE /admin/messages/<id>/: deletes a message for good, for both users. */
#include "admin_resources.h"
#include "respond.h"

static enum http_outcome deleted(struct exchange *exchange)
{
	if (exchange->operation.status != DM_OK)
		return respond_failure(exchange, "No Message matches the given query.");
	return respond_empty(exchange, 204);
}

enum http_outcome admin_message_delete(struct exchange *exchange)
{
	exchange_operation(exchange, DM_OP_MESSAGE_DELETE)->message_delete =
		(struct dm_op_message_delete){.message_id = exchange->target_id};
	return exchange_await(exchange, deleted);
}
