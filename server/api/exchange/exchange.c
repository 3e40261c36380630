/* SPDX-License-Identifier: MIT */
/* exchange.c - makes an exchange, and lets it wait for operations. */
#include "exchange.h"

#include "budget.h"
#include "form.h"

#include <stdio.h>

struct exchange *exchange_new(struct request *request)
{
	struct exchange *exchange = arena_alloc(&request->arena, sizeof(*exchange));
	static const struct exchange none;

	if (!exchange)
		return NULL;
	*exchange = none;
	exchange->request = request;
	exchange->api = request->context;
	exchange->policy = request->kept;
	exchange->is_head = span_equal(request->method, SPAN("HEAD"));
	exchange->path = percent_decode(&request->arena, request->path, false);
	request->data = exchange;
	return exchange;
}

void exchange_charge(struct exchange *exchange, int64_t user_id)
{
	struct request *request = exchange->request;

	exchange->share = budget_share(exchange->api->budget, user_id);
	request->arena.share = exchange->share;
	buffer_charge(&request->body, exchange->share);
	buffer_charge(&request->response.body, exchange->share);
}

bool exchange_has_method(const struct exchange *exchange, struct span method)
{
	return span_equal(exchange->request->method, method);
}

struct dm_operation *exchange_operation(struct exchange *exchange, enum dm_operation_kind kind)
{
	exchange->operation = (struct dm_operation){
		.kind = kind,
		.context = exchange,
		.traceparent = {exchange->request->traceparent.data, exchange->request->traceparent.length}};
	return &exchange->operation;
}

static void operation_done(struct dm_operation *operation)
{
	struct exchange *exchange = operation->context;

	request_wake(exchange->request);
}

static enum http_outcome run_then(struct request *request)
{
	struct exchange *exchange = request->data;

	return exchange->then(exchange);
}

static void wait_begin(struct exchange *exchange, exchange_step *then, enum wait_next next)
{
	exchange->then = then;
	exchange->request->step = run_then;
	request_wait_begin(exchange->request, next);
}

void exchange_wait_begin(struct exchange *exchange, exchange_step *then)
{
	wait_begin(exchange, then, WAIT_THEN_LOOP);
}

enum http_outcome exchange_wait(struct exchange *exchange)
{
	return request_wait_is_over(exchange->request) ? exchange->then(exchange) : HTTP_WAIT;
}

enum http_outcome exchange_await(struct exchange *exchange, exchange_step *then)
{
	if (exchange->request->arena.failed) { /* the arguments may not be what the client sent */
		exchange->operation.status = DM_NO_MEMORY;
		snprintf(exchange->operation.error.message, sizeof(exchange->operation.error.message), "%s",
			 EXCHANGE_NO_ROOM);
		return then(exchange);
	}
	exchange->operation.done = operation_done;
	wait_begin(exchange, then, exchange->wait_next);
	dm_submit(exchange->api->handle, &exchange->operation);
	return exchange_wait(exchange);
}
