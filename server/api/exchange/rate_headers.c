/* SPDX-License-Identifier: MIT */
/* rate_headers.c - RateLimit-Policy and RateLimit, as draft-ietf-httpapi-ratelimit-headers-10. */
#include "rate_headers.h"

#include "policy.h"

#include <stdio.h>

/* Two headers that are written side by side: all rates, and what is left of those of which it is known. */
struct headers {
	char policy[256], left[256];
	size_t policy_length, left_length;
};

/* Appends to a text that has room for all rates: what is limited, and two numbers with their names. */
static size_t append(char *text, size_t size, size_t length, const char *what, const struct rate *rate,
		     const char *numbers)
{
	return length + (size_t)snprintf(text + length, size - length, "%s\"%s-%s\";%s", length > 0 ? ", " : "", what,
					 rate_period_name(rate->period), numbers);
}

static void append_rate(struct headers *headers, const char *what, const struct rate *rate,
			const struct throttle_left *left)
{
	char numbers[64];

	snprintf(numbers, sizeof(numbers), "q=%u;w=%lld", (unsigned)rate->max,
		 (long long)rate_period_seconds(rate->period));
	headers->policy_length =
		append(headers->policy, sizeof(headers->policy), headers->policy_length, what, rate, numbers);
	if (!left)
		return;
	snprintf(numbers, sizeof(numbers), "r=%u;t=%lld", (unsigned)left->left, (long long)left->seconds);
	headers->left_length = append(headers->left, sizeof(headers->left), headers->left_length, what, rate, numbers);
}

static void add_header(struct exchange *exchange, const char *name, const char *text)
{
	struct request *request = exchange->request;
	struct span copy = arena_copy(&request->arena, span_from(text));

	if (copy.data)
		response_header(&request->response, name, copy.data);
}

void rate_headers_add(struct exchange *exchange)
{
	const struct rates *sends = exchange->policy->send_rates, *partners = exchange->policy->new_partners;
	const struct send_rate *rate = exchange->rate;
	struct headers headers = {.policy_length = 0};

	if (!rate)
		return;
	for (size_t i = 0; i < sends->count; i++)
		append_rate(&headers, "send", &sends->rates[i], &rate->sends.left[i]);
	for (size_t i = 0; i < partners->count; i++)
		append_rate(&headers, "new-partners", &partners->rates[i],
			    rate->knows_partners ? &rate->partners : NULL);
	if (headers.policy_length > 0)
		add_header(exchange, "RateLimit-Policy", headers.policy);
	if (headers.left_length > 0)
		add_header(exchange, "RateLimit", headers.left);
}
