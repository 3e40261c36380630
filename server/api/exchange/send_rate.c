/* SPDX-License-Identifier: MIT */
/* send_rate.c - how often the caller may send: DIRECTMESSAGES_RATE_SEND, as Django REST Framework's throttles. */
#include "send_rate.h"

#include "clock.h"
#include "policy.h"
#include "respond.h"
#include "throttle.h"

#include <stdio.h>

#define HEADER_SIZE 256

/* Appends to a text that has room for all rates: what is limited, and two numbers with their names. */
static size_t append(char *text, size_t length, const char *what, const struct rate *rate, const char *names[2],
		     const int64_t numbers[2])
{
	return length + (size_t)snprintf(text + length, HEADER_SIZE - length, "%s\"%s-%s\";%s=%lld;%s=%lld",
					 length > 0 ? ", " : "", what, rate_period_name(rate->period), names[0],
					 (long long)numbers[0], names[1], (long long)numbers[1]);
}

static size_t append_policy(char *text, size_t length, const char *what, const struct rate *rate)
{
	static const char *names[2] = {"q", "w"};

	return append(text, length, what, rate, names,
		      (const int64_t[2]){rate->max, rate_period_seconds(rate->period)});
}

static size_t append_left(char *text, size_t length, const struct rate *rate, const struct throttle_left *left)
{
	static const char *names[2] = {"r", "t"};

	return append(text, length, "send", rate, names, (const int64_t[2]){left->left, left->seconds});
}

static void add_header(struct exchange *exchange, const char *name, const char *text)
{
	struct request *request = exchange->request;
	struct span copy = arena_copy(&request->arena, span_from(text));

	if (copy.data)
		response_header(&request->response, name, copy.data);
}

/* As draft-ietf-httpapi-ratelimit-headers-10. How many new partners are left the database alone knows, and says it only
 * when it is asked to store a message to one. */
static void add_headers(struct exchange *exchange, const struct throttle_result *result)
{
	const struct rates *sends = exchange->policy->send_rates, *partners = exchange->policy->new_partners;
	char policy[HEADER_SIZE] = "", left[HEADER_SIZE] = "";
	size_t policy_length = 0, left_length = 0;

	for (size_t i = 0; i < sends->count; i++) {
		policy_length = append_policy(policy, policy_length, "send", &sends->rates[i]);
		left_length = append_left(left, left_length, &sends->rates[i], &result->left[i]);
	}
	for (size_t i = 0; i < partners->count; i++)
		policy_length = append_policy(policy, policy_length, "new-partners", &partners->rates[i]);
	if (policy_length > 0)
		add_header(exchange, "RateLimit-Policy", policy);
	if (left_length > 0)
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
	struct throttle_result result = {.is_refused = false};

	if (is_exempt(exchange))
		return HTTP_NONE;
	if (rates->count > 0) {
		exchange->counted_at = clock_monotonic();
		if (!throttle_ask(exchange->api->throttle, rates, exchange->user_id, exchange->counted_at, &result))
			return respond_no_room(exchange->request);
	}
	add_headers(exchange, &result);
	exchange->is_over_rate = result.is_refused;
	exchange->wait_seconds = result.wait_seconds;
	return result.is_refused && !has_key(exchange) ? send_rate_refuse(exchange) : HTTP_NONE;
}

static void add_retry_after(struct exchange *exchange, long long seconds)
{
	char text[24];

	snprintf(text, sizeof(text), "%lld", seconds);
	add_header(exchange, "Retry-After", text);
}

static enum http_outcome refuse_new_partner(struct exchange *exchange)
{
	throttle_count_refusal(exchange->api->throttle, THROTTLED_NEW_PARTNERS);
	add_retry_after(exchange, exchange->operation.send.available_in);
	return respond_failure(exchange, NULL);
}

enum http_outcome send_rate_refuse(struct exchange *exchange)
{
	long long seconds = exchange->wait_seconds;

	if (!exchange->is_over_rate)
		return refuse_new_partner(exchange);
	throttle_count_refusal(exchange->api->throttle, THROTTLED_SENDS);
	if (seconds == 0)
		return respond_error(exchange, 429, "Request was throttled.");
	add_retry_after(exchange, seconds);
	return respond_error(exchange, 429, "Request was throttled. Expected available in %lld second%s.", seconds,
			     seconds == 1 ? "" : "s");
}

void send_rate_take_back(struct exchange *exchange)
{
	if (exchange->counted_at != 0)
		throttle_take_back(exchange->api->throttle, exchange->user_id, exchange->counted_at);
}
