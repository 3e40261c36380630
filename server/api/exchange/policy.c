/* SPDX-License-Identifier: MIT */
/* policy.c - the policy that requests keep while it is replaced. */
#include "policy.h"

void policies_init(struct policies *policies, struct policy *first)
{
	pthread_mutex_init(&policies->mutex, NULL);
	atomic_fetch_add(&first->holders, 1);
	policies->newest = first;
}

struct policy *policies_hold(struct policies *policies)
{
	struct policy *policy;

	pthread_mutex_lock(&policies->mutex);
	policy = policies->newest;
	atomic_fetch_add_explicit(&policy->holders, 1, memory_order_relaxed);
	pthread_mutex_unlock(&policies->mutex);
	return policy;
}

void policy_leave(struct policy *policy)
{
	if (atomic_fetch_sub(&policy->holders, 1) == 1)
		policy->end(policy);
}

void policies_replace(struct policies *policies, struct policy *next)
{
	struct policy *before;

	atomic_fetch_add(&next->holders, 1);
	pthread_mutex_lock(&policies->mutex);
	before = policies->newest;
	policies->newest = next;
	pthread_mutex_unlock(&policies->mutex);
	policy_leave(before);
}

void policies_release(struct policies *policies)
{
	policy_leave(policies->newest);
	pthread_mutex_destroy(&policies->mutex);
}
