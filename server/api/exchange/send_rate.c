/* SPDX-License-Identifier: MIT */
/* send_rate.c - how often the caller may send: DIRECTMESSAGES_RATE_SEND, as Django REST Framework's throttles. */
#include "send_rate.h"

#include "clock.h"
#include "policy.h"
#include "rate_headers.h"
#include "respond.h"

#include <stdio.h>

static bool is_exempt(const struct exchange *exchange)
{
	const struct policy *policy = exchange->policy;

	for (size_t i = 0; i < policy->exempt_count; i++)
		if (policy->exempt[i] == exchange->user_id)
			return true;
	return false;
}

static bool has_key(const struct exchange *exchange)
{
	struct span ignored;

	return request_header_count(exchange->request, "Idempotency-Key", &ignored) > 0;
}

enum http_outcome send_rate_count(struct exchange *exchange)
{
	const struct rates *sends = exchange->policy->send_rates;
	struct send_rate *rate;

	if ((sends->count == 0 && exchange->policy->new_partners->count == 0) || is_exempt(exchange))
		return HTTP_NONE;
	rate = arena_alloc(&exchange->request->arena, sizeof(*rate));
	if (!rate)
		return respond_no_room(exchange->request);
	*rate = (struct send_rate){.counted_at = 0};
	exchange->rate = rate;
	if (sends->count == 0)
		return HTTP_NONE;
	rate->counted_at = clock_monotonic();
	if (!throttle_ask(exchange->api->throttle, sends, exchange->user_id, rate->counted_at, &rate->sends))
		return respond_no_room(exchange->request);
	exchange->is_over_rate = rate->sends.is_refused;
	return exchange->is_over_rate && !has_key(exchange) ? send_rate_refuse(exchange) : HTTP_NONE;
}

static void add_retry_after(struct exchange *exchange, long long seconds)
{
	struct request *request = exchange->request;
	char text[24];
	struct span copy;

	snprintf(text, sizeof(text), "%lld", seconds);
	copy = arena_copy(&request->arena, span_from(text));
	if (copy.data)
		response_header(&request->response, "Retry-After", copy.data);
}

static enum http_outcome refuse_new_partner(struct exchange *exchange)
{
	throttle_count_refusal(exchange->api->throttle, THROTTLED_NEW_PARTNERS);
	add_retry_after(exchange, exchange->operation.send.available_in);
	return respond_failure(exchange, NULL);
}

enum http_outcome send_rate_refuse(struct exchange *exchange)
{
	long long seconds;

	if (!exchange->is_over_rate)
		return refuse_new_partner(exchange);
	seconds = exchange->rate->sends.wait_seconds;
	throttle_count_refusal(exchange->api->throttle, THROTTLED_SENDS);
	if (seconds == 0)
		return respond_error(exchange, 429, "Request was throttled.");
	add_retry_after(exchange, seconds);
	return respond_error(exchange, 429, "Request was throttled. Expected available in %lld second%s.", seconds,
			     seconds == 1 ? "" : "s");
}

void send_rate_settle(struct exchange *exchange)
{
	const struct dm_op_send *send = &exchange->operation.send;
	enum dm_status status = exchange->operation.status;
	struct send_rate *rate = exchange->rate;

	if (!rate)
		return;
	if (status == DM_OK && send->replayed) {
		if (rate->counted_at != 0)
			throttle_take_back(exchange->api->throttle, exchange->policy->send_rates, exchange->user_id,
					   rate->counted_at, &rate->sends);
	} else if ((status == DM_OK || status == DM_LIMITED) && send->available_in > 0) {
		rate->knows_partners = true;
		rate->partners =
			(struct throttle_left){.left = (uint32_t)send->partners_left, .seconds = send->available_in};
	}
}
