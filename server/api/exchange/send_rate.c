/* SPDX-License-Identifier: MIT */
/* send_rate.c - how often the caller may send: DIRECTMESSAGES_RATE_SEND, as Django REST Framework's throttles. */
#include "send_rate.h"

#include "clock.h"
#include "policy.h"
#include "respond.h"
#include "throttle.h"

#include <stdio.h>

#define HEADER_SIZE 256

/* Appends to a text that has room for all rates. */
static size_t append(char *text, size_t length, const struct rate *rate, const char *name, int64_t number,
		     const char *name_of_time, int64_t seconds)
{
	return length + (size_t)snprintf(text + length, HEADER_SIZE - length, "%s\"send-%s\";%s=%lld;%s=%lld",
					 length > 0 ? ", " : "", rate_period_name(rate->period), name,
					 (long long)number, name_of_time, (long long)seconds);
}

static void add_header(struct exchange *exchange, const char *name, const char *text)
{
	struct request *request = exchange->request;
	struct span copy = arena_copy(&request->arena, span_from(text));

	if (copy.data)
		response_header(&request->response, name, copy.data);
}

/* As draft-ietf-httpapi-ratelimit-headers-10. */
static void add_headers(struct exchange *exchange, const struct rates *rates, const struct throttle_result *result)
{
	char policy[HEADER_SIZE] = "", left[HEADER_SIZE] = "";
	size_t policy_length = 0, left_length = 0;

	for (size_t i = 0; i < rates->count; i++) {
		const struct rate *rate = &rates->rates[i];

		policy_length =
			append(policy, policy_length, rate, "q", rate->max, "w", rate_period_seconds(rate->period));
		left_length = append(left, left_length, rate, "r", result->left[i].left, "t", result->left[i].seconds);
	}
	add_header(exchange, "RateLimit-Policy", policy);
	add_header(exchange, "RateLimit", left);
}

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
	const struct rates *rates = exchange->policy->send_rates;
	struct throttle_result result;

	if (rates->count == 0 || is_exempt(exchange))
		return HTTP_NONE;
	exchange->counted_at = clock_monotonic();
	if (!throttle_ask(exchange->api->throttle, rates, exchange->user_id, exchange->counted_at, &result))
		return respond_no_room(exchange->request);
	add_headers(exchange, rates, &result);
	exchange->is_over_rate = result.is_refused;
	exchange->wait_seconds = result.wait_seconds;
	return result.is_refused && !has_key(exchange) ? send_rate_refuse(exchange) : HTTP_NONE;
}

enum http_outcome send_rate_refuse(struct exchange *exchange)
{
	long long seconds = exchange->wait_seconds;
	struct span wait;
	char text[24];

	throttle_count_refusal(exchange->api->throttle);
	if (seconds == 0)
		return respond_error(exchange, 429, "Request was throttled.");
	snprintf(text, sizeof(text), "%lld", seconds);
	wait = arena_copy(&exchange->request->arena, span_from(text));
	if (wait.data)
		response_header(&exchange->request->response, "Retry-After", wait.data);
	return respond_error(exchange, 429, "Request was throttled. Expected available in %lld second%s.", seconds,
			     seconds == 1 ? "" : "s");
}

void send_rate_take_back(struct exchange *exchange)
{
	if (exchange->counted_at != 0)
		throttle_take_back(exchange->api->throttle, exchange->user_id, exchange->counted_at);
}
