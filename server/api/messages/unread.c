/* SPDX-License-Identifier: MIT */
/* unread.c - GET unread/: how many messages the caller has not read. */
#include "messages_resources.h"
#include "respond.h"
#include "shapes.h"

/* check_caller has counted them. */
enum http_outcome unread_get(struct exchange *exchange)
{
	shape_unread_total(&exchange->request->response.body, exchange->user_id, exchange->unread);
	return respond(exchange, 200);
}
