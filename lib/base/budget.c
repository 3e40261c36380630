/* SPDX-License-Identifier: MIT */
/* budget.c - a limit of bytes for all large pieces of memory together. */
#include "budget.h"

#include <stdlib.h>

struct budget *budget_new(size_t limit, size_t share_limit)
{
	struct budget *budget = calloc(1, sizeof(*budget));

	if (!budget)
		return NULL;
	budget->limit = limit;
	budget->share_limit = share_limit;
	for (size_t i = 0; i < BUDGET_SHARES; i++)
		budget->shares[i].budget = budget;
	return budget;
}

void budget_free(struct budget *budget)
{
	free(budget);
}

struct budget_share *budget_share(struct budget *budget, int64_t user_id)
{
	return budget ? &budget->shares[(uint64_t)user_id % BUDGET_SHARES] : NULL;
}

/* Adds, then checks. Near the limit two threads may both be refused, but they never both get the last bytes. */
static bool add(atomic_size_t *held, size_t bytes, size_t limit)
{
	size_t before = atomic_fetch_add_explicit(held, bytes, memory_order_relaxed);

	if (before <= limit && bytes <= limit - before)
		return true;
	atomic_fetch_sub_explicit(held, bytes, memory_order_relaxed);
	return false;
}

bool budget_add(struct budget_share *share, size_t bytes)
{
	struct budget *budget = share ? share->budget : NULL;

	if (!share || bytes == 0)
		return true;
	if (add(&share->held, bytes, budget->share_limit)) {
		if (add(&budget->held, bytes, budget->limit))
			return true;
		atomic_fetch_sub_explicit(&share->held, bytes, memory_order_relaxed);
	}
	atomic_fetch_add_explicit(&budget->refused, 1, memory_order_relaxed);
	return false;
}

void budget_remove(struct budget_share *share, size_t bytes)
{
	if (!share || bytes == 0)
		return;
	atomic_fetch_sub_explicit(&share->held, bytes, memory_order_relaxed);
	atomic_fetch_sub_explicit(&share->budget->held, bytes, memory_order_relaxed);
}

static size_t counted(size_t size)
{
	return size > BUDGET_FREE ? size : 0;
}

bool budget_could(const struct budget_share *share, size_t bytes)
{
	return !share || (bytes <= share->budget->share_limit && bytes <= share->budget->limit);
}

bool budget_take(struct budget_share *share, size_t from, size_t to)
{
	return budget_add(share, counted(to) - counted(from));
}

void budget_give(struct budget_share *share, size_t from, size_t to)
{
	budget_remove(share, counted(from) - counted(to));
}
