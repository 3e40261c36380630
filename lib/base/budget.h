/* SPDX-License-Identifier: MIT */
/* budget.h - how many bytes all large pieces of memory may hold together, and what part of it one user may have. */
#ifndef BUDGET_H
#define BUDGET_H

#include "attributes.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Pieces up to this size are not counted: there are only so many of them, and the hot path pays nothing. */
#define BUDGET_FREE 16384

/* Users whose ids differ by a multiple of this have one share together. */
#define BUDGET_SHARES 4096

struct budget;

/* What one user holds, or the server itself (user 0). */
struct budget_share {
	struct budget *budget;
	atomic_size_t held;
};

struct budget {
	size_t limit;       /* of all */
	size_t share_limit; /* of each share */
	atomic_size_t held;
	atomic_uint_least64_t refused; /* since the start */
	struct budget_share shares[BUDGET_SHARES];
};

/* NULL where there is no memory. */
MUST_CHECK struct budget *budget_new(size_t limit, size_t share_limit);
void budget_free(struct budget *budget);

/* NULL, which is no limit, without a budget. */
struct budget_share *budget_share(struct budget *budget, int64_t user_id);

/* Counts a piece that grows from so many bytes to so many; false where there is no room for it: then nothing has
 * changed. The share may be NULL. */
MUST_CHECK bool budget_take(struct budget_share *share, size_t from, size_t to);

/* The same for one that shrinks, or ends: to 0. */
void budget_give(struct budget_share *share, size_t from, size_t to);

/* Whether so many bytes could be had if nothing else was. */
MUST_CHECK bool budget_could(const struct budget_share *share, size_t bytes);

/* For what is counted however small it is: so many bytes more, or fewer. */
MUST_CHECK bool budget_add(struct budget_share *share, size_t bytes);
void budget_remove(struct budget_share *share, size_t bytes);

#endif
