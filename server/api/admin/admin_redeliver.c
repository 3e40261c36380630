/* SPDX-License-Identifier: MIT */
/* admin_redeliver.c - POST /admin/webhooks/<id>/redeliver/: makes one delivery due now that is finished, or all that
 * have failed, a piece at a time. */
#include "admin_body.h"
#include "admin_resources.h"
#include "admin_webhook.h"
#include "clock.h"
#include "respond.h"
#include "webhook_shapes.h"

struct redelivery {
	int64_t requeued; /* by all pieces so far */
	int64_t ends_at;  /* by the monotonic clock */
};

static enum http_outcome refuse(struct exchange *exchange, const char *not_found)
{
	if (exchange->operation.status == DM_INVALID)
		return respond_error(exchange, 409, "%s", exchange->operation.error.message);
	return respond_failure(exchange, not_found);
}

static enum http_outcome requeued(struct exchange *exchange)
{
	struct dm_op_deliveries_requeue *piece = &exchange->operation.deliveries_requeue;
	struct redelivery *redelivery = exchange->resource;

	if (exchange->operation.status != DM_OK)
		return refuse(exchange, ADMIN_NO_WEBHOOK);
	redelivery->requeued += piece->requeued;
	if (piece->next_after != 0 && clock_monotonic() < redelivery->ends_at) {
		piece->after = piece->next_after;
		return exchange_await(exchange, requeued);
	}
	shape_requeued(&exchange->request->response.body, redelivery->requeued, piece->next_after);
	return respond(exchange, 200);
}

static enum http_outcome requeued_one(struct exchange *exchange)
{
	if (exchange->operation.status != DM_OK)
		return refuse(exchange, "No finished Delivery matches the given query.");
	shape_requeued(&exchange->request->response.body, 1, 0);
	return respond(exchange, 200);
}

enum http_outcome admin_redeliver_post(struct exchange *exchange)
{
	struct json_member members[] = {{"delivery", JSON_MEMBER_INTEGER}, {"after", JSON_MEMBER_INTEGER}};
	const struct json_member *one = &members[0], *after = &members[1];
	struct redelivery *redelivery = arena_alloc(&exchange->request->arena, sizeof(*redelivery));

	if (!redelivery)
		return respond_no_room(exchange->request);
	if (!admin_body(exchange, members, ARRAY_LENGTH(members)))
		return HTTP_RESPOND;
	if (one->is_given && after->is_given)
		return respond_error(exchange, 400, "Give delivery or after, not both.");
	if (exchange->target_id == 0) /* it would be all of them */
		return respond_error(exchange, 404, ADMIN_NO_WEBHOOK);
	if (one->is_given) {
		exchange_operation(exchange, DM_OP_DELIVERY_REQUEUE)->delivery_requeue =
			(struct dm_op_delivery_requeue){.delivery_id = one->integer, .webhook_id = exchange->target_id};
		return exchange_await(exchange, requeued_one);
	}
	*redelivery = (struct redelivery){.ends_at = clock_monotonic() + ADMIN_MAX_TIME};
	exchange->resource = redelivery;
	exchange_operation(exchange, DM_OP_DELIVERIES_REQUEUE)->deliveries_requeue =
		(struct dm_op_deliveries_requeue){.webhook_id = exchange->target_id, .after = after->integer};
	return exchange_await(exchange, requeued);
}
