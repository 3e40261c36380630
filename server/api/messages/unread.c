/* SPDX-License-Identifier: MIT */
/* unread.c - GET unread/: how many messages the caller has not read. */
#include "messages_resources.h"
#include "respond.h"
#include "shapes.h"

static enum http_outcome counted(struct exchange *exchange)
{
	if (exchange->operation.status != DM_OK)
		return respond_failure(exchange, NULL);
	shape_unread_total(&exchange->request->response.body, exchange->user_id,
			   exchange->operation.unread_count.count);
	return respond(exchange, 200);
}

enum http_outcome unread_get(struct exchange *exchange)
{
	exchange_operation(exchange, DM_OP_UNREAD_COUNT)->unread_count.user_id = exchange->user_id;
	return exchange_await(exchange, counted);
}
