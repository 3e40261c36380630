/* SPDX-License-Identifier: MIT */
/* policy.h - what can be replaced while the server runs: how callers are known, whose web pages may call. A request
 * keeps the policy with which it began. */
#ifndef POLICY_H
#define POLICY_H

#include "attributes.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct admin_key;
struct auth;
struct origins;
struct rates;

/* Never changes. */
struct policy {
	const struct auth *auth;
	const char *challenge;             /* WWW-Authenticate of a 401 */
	const struct admin_key *admin_key; /* who administrates shows it; NULL: there is no administration */
	const struct origins *cors;        /* whose pages may call the API from a browser; NULL: CORS is off */
	bool marks_on_get;                 /* a GET of a conversation marks it as read, unless it says otherwise */
	bool cors_credentials;             /* browsers may send cookies for those pages; cors is a list */
	const struct rates *send_rates;    /* how often a user may send */
	const struct rates *new_partners;  /* how many conversations a user may start, to be told to clients */
	const int64_t *exempt;             /* users of whom that is not asked */
	size_t exempt_count;
	void (*end)(struct policy *own); /* called when nobody holds it any more */
	atomic_size_t holders;
};

/* Where requests find the newest policy. */
struct policies {
	pthread_mutex_t mutex; /* held to read a pointer and to count, so that the last holder has not left meanwhile */
	struct policy *newest;
};

/* The policy is then held by `policies`, and by whoever else was counted in its holders. */
void policies_init(struct policies *policies, struct policy *first);

/* From now on new requests get this policy. */
void policies_replace(struct policies *policies, struct policy *next);

/* No request may be under way. */
void policies_release(struct policies *policies);

/* The newest policy, which stays until policy_leave. Callable on any thread, as is that. */
MUST_CHECK struct policy *policies_hold(struct policies *policies);
void policy_leave(struct policy *policy);

#endif
