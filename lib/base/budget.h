/* SPDX-License-Identifier: MIT */
/* budget.h - a limit of bytes for all large pieces of memory together, and for what one user may hold of it. */
#ifndef BUDGET_H
#define BUDGET_H

#include "attributes.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Pieces up to this size are not counted. Their number is limited otherwise, and the hot path pays nothing. */
#define BUDGET_FREE 16384

/* Users whose ids differ by a multiple of this have one share in common. */
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

/* NULL: no memory. */
MUST_CHECK struct budget *budget_new(size_t limit, size_t share_limit);
void budget_free(struct budget *budget);

/* The share of a user. NULL, which means no limit, if budget is NULL. */
struct budget_share *budget_share(struct budget *budget, int64_t user_id);

/* Counts that a piece grows from one size to another, in bytes. False: the limit forbids it, and nothing has changed.
 * The share may be NULL. */
MUST_CHECK bool budget_take(struct budget_share *share, size_t from, size_t to);

/* Counts that a piece shrinks; to 0 if it is freed. */
void budget_give(struct budget_share *share, size_t from, size_t to);

/* Whether so many bytes would fit into the limits if nothing else were held. */
MUST_CHECK bool budget_could(const struct budget_share *share, size_t bytes);

/* For pieces that are counted whatever their size: so many bytes more, or fewer. */
MUST_CHECK bool budget_add(struct budget_share *share, size_t bytes);
void budget_remove(struct budget_share *share, size_t bytes);

#endif
