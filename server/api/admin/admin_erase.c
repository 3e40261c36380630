/* SPDX-License-Identifier: MIT */
/* admin_erase.c - POST /admin/users/<user>/erase/: erases a person, a piece at a time.
 *
 * Its states, each a function that is named after what has been done:
 *
 *     admin_erase_post  the body is read, and the user looked up
 *     erase             DM_OP_USER_ERASE is submitted
 *     erased            a piece is done: the next piece, while there is more and the time is not over; 200 */
#include "admin_body.h"
#include "admin_names.h"
#include "admin_resources.h"
#include "clock.h"
#include "respond.h"
#include "shapes.h"

/* Before a client or a proxy gives up waiting, in microseconds. */
#define MAX_TIME INT64_C(20000000)

struct erasure {
	struct admin_names names;
	enum dm_erase_messages messages;
	struct dm_erased erased; /* by all pieces so far */
	int64_t ends_at;         /* by the monotonic clock */
};

static enum http_outcome erased(struct exchange *exchange)
{
	const struct dm_op_user_erase *piece = &exchange->operation.user_erase;
	struct erasure *erasure = exchange->resource;

	if (exchange->operation.status == DM_EXISTS)
		return respond_error(exchange, 409, "%s", exchange->operation.error.message);
	if (exchange->operation.status != DM_OK)
		return respond_failure(exchange, NULL);
	erasure->erased.blanked += piece->erased.blanked;
	erasure->erased.hidden += piece->erased.hidden;
	erasure->erased.deleted += piece->erased.deleted;
	if (piece->more && clock_monotonic() < erasure->ends_at)
		return exchange_await(exchange, erased);
	shape_erased(&exchange->request->response.body, erasure->names.ids[0], &erasure->erased, !piece->more);
	return respond(exchange, 200);
}

static enum http_outcome erase(struct exchange *exchange)
{
	struct erasure *erasure = exchange->resource;

	erasure->ends_at = clock_monotonic() + MAX_TIME;
	exchange_operation(exchange, DM_OP_USER_ERASE)->user_erase =
		(struct dm_op_user_erase){.user_id = erasure->names.ids[0], .messages = erasure->messages};
	return exchange_await(exchange, erased);
}

enum http_outcome admin_erase_post(struct exchange *exchange)
{
	static const struct span words[] = {
		[DM_ERASE_BLANK] = {"blank", 5}, [DM_ERASE_DELETE] = {"delete", 6}, [DM_ERASE_KEEP] = {"keep", 4}};
	struct json_member messages = {.name = "messages"};
	struct erasure *erasure = arena_alloc(&exchange->request->arena, sizeof(*erasure));
	size_t which = DM_ERASE_BLANK;

	if (!erasure)
		return respond_no_room(exchange->request);
	if (!admin_body(exchange, &messages, 1))
		return HTTP_RESPOND;
	if (messages.is_given)
		for (which = 0; which < ARRAY_LENGTH(words) && !span_equal(messages.text, words[which]);)
			which++;
	if (which == ARRAY_LENGTH(words))
		return respond_error(exchange, 400, "messages must be blank, delete or keep.");
	*erasure = (struct erasure){.messages = (enum dm_erase_messages)which};
	return admin_find_target(exchange, &erasure->names, erase);
}
