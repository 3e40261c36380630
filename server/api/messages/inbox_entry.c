/* SPDX-License-Identifier: MIT */
/* inbox_entry.c - GET inbox/<user>/: the one entry of a partner, also if nothing was exchanged. */
#include "inbox_query.h"
#include "messages_resources.h"
#include "respond.h"
#include "shapes.h"

static bool write_entry(void *context, const struct dm_inbox_entry *entry)
{
	struct exchange *exchange = context;

	shape_inbox_entry(&exchange->request->response.body, entry, exchange->user_id);
	return true;
}

static enum http_outcome found(struct exchange *exchange)
{
	return exchange->operation.status == DM_OK ? respond(exchange, 200) : respond_failure(exchange, NULL);
}

enum http_outcome inbox_entry_get(struct exchange *exchange)
{
	size_t max_preview;

	if (!inbox_read_preview(exchange, &max_preview))
		return HTTP_RESPOND;
	exchange_operation(exchange, DM_OP_INBOX)->inbox = (struct dm_op_inbox){.user_id = exchange->user_id,
										.partner_id = exchange->target_id,
										.max_preview = max_preview,
										.on_entry = write_entry};
	return exchange_await(exchange, found);
}
