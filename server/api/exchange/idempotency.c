/* SPDX-License-Identifier: MIT */
/* idempotency.c - requests that send a message, and may be repeated with the same Idempotency-Key. */
#include "idempotency.h"

#include "header.h"
#include "idempotency_key.h"
#include "respond.h"

bool idempotency_read(struct exchange *exchange, const char **key)
{
	struct request *request = exchange->request;
	struct span value;
	unsigned count = request_header_count(request, "Idempotency-Key", &value);

	*key = NULL;
	if (count == 0 || (count == 1 && idempotency_key_parse(value, &request->arena, key)))
		return true;
	respond_error(exchange, 400, "Invalid Idempotency-Key header.");
	return false;
}

void idempotency_add_header(struct exchange *exchange)
{
	response_header(&exchange->request->response, "Idempotency-Replayed", "true");
}

static enum http_outcome shown(struct exchange *exchange)
{
	if (exchange->operation.status == DM_NOT_FOUND) /* it was deleted a moment ago */
		return respond_error(exchange, 409, "The message of this Idempotency-Key does not exist any more.");
	if (exchange->operation.status != DM_OK)
		return respond_failure(exchange, NULL);
	idempotency_add_header(exchange);
	return respond(exchange, 201);
}

enum http_outcome idempotency_respond(struct exchange *exchange, dm_message_row *add)
{
	int64_t message_id = exchange->operation.send.message.id, sender_id = exchange->operation.send.sender_id;

	exchange_operation(exchange, DM_OP_MESSAGE)->message = (struct dm_op_message){
		.message_id = message_id, .user_id = sender_id, .with_hidden = true, .on_message = add};
	return exchange_await(exchange, shown);
}
