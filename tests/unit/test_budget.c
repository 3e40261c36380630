/* SPDX-License-Identifier: MIT */
/* test_budget.c - what is counted and refused, and that the count returns to zero. */
#include "arena.h"
#include "budget.h"
#include "buffer.h"

#include "unit.h"

#include <stdlib.h>

#define KIB 1024

static struct budget *fresh(size_t limit, size_t share_limit)
{
	struct budget *budget = budget_new(limit, share_limit);

	assert_non_null(budget);
	return budget;
}

static void small_pieces_are_free(void **state)
{
	struct budget *budget = fresh(0, 0);
	struct budget_share *share = budget_share(budget, 1);

	(void)state;
	assert_true(budget_take(share, 0, BUDGET_FREE));
	assert_false(budget_take(share, 0, BUDGET_FREE + 1));
	assert_int_equal(budget->held, 0);
	assert_int_equal(budget->refused, 1);
	budget_free(budget);
}

static void a_share_and_the_whole_are_limited(void **state)
{
	struct budget *budget = fresh(100 * KIB, 60 * KIB);
	struct budget_share *one = budget_share(budget, 1), *two = budget_share(budget, -2);

	(void)state;
	assert_true(budget_take(one, 0, 60 * KIB));
	assert_false(budget_take(one, 60 * KIB, 60 * KIB + 1));
	assert_false(budget_take(two, 0, 41 * KIB)); /* within its share, but not within what is left */
	assert_true(budget_take(two, 0, 40 * KIB));
	assert_int_equal(budget->held, 100 * KIB);
	assert_int_equal(budget->refused, 2);
	budget_give(one, 60 * KIB, 20 * KIB);
	assert_true(budget_take(two, 40 * KIB, 60 * KIB));
	budget_give(one, 20 * KIB, 10 * KIB); /* which is free */
	budget_give(two, 60 * KIB, 0);
	assert_int_equal(budget->held, 0);
	assert_int_equal(one->held, 0);
	assert_int_equal(two->held, 0);
	budget_free(budget);
}

static void no_budget_is_no_limit(void **state)
{
	(void)state;
	assert_null(budget_share(NULL, 1));
	assert_true(budget_take(NULL, 0, SIZE_MAX));
	budget_give(NULL, SIZE_MAX, 0);
}

static void a_buffer_is_counted_as_it_grows(void **state)
{
	static const char block[KIB];
	struct budget *budget = fresh(100 * KIB, 100 * KIB);
	struct buffer buffer;

	(void)state;
	buffer_init(&buffer, SIZE_MAX);
	buffer_charge(&buffer, budget_share(budget, 1));
	while (!buffer.failed) {
		assert_int_equal(budget->held, buffer.capacity > BUDGET_FREE ? buffer.capacity : 0);
		buffer_append(&buffer, block, sizeof(block));
	}
	assert_in_range(buffer.length, 50 * KIB, 100 * KIB);
	buffer_release(&buffer);
	assert_int_equal(budget->held, 0);
	assert_non_null(buffer_reserve(&buffer, 100 * KIB)); /* exactly, and again after a release */
	assert_int_equal(budget->held, 100 * KIB);
	free(buffer_take(&buffer));
	assert_int_equal(budget->held, 0);
	budget_free(budget);
}

static void an_arena_is_counted(void **state)
{
	struct budget *budget = fresh(100 * KIB, 100 * KIB);
	struct arena arena = {.chunks = NULL};

	(void)state;
	assert_non_null(arena_alloc(&arena, 50 * KIB)); /* before there is somebody to count */
	arena.share = budget_share(budget, 1);
	assert_non_null(arena_alloc(&arena, 10));
	assert_int_equal(budget->held, 0);
	assert_non_null(arena_alloc(&arena, 100 * KIB));
	assert_int_equal(budget->held, 100 * KIB);
	assert_null(arena_alloc(&arena, 20 * KIB));
	arena_release(&arena);
	assert_int_equal(budget->held, 0);
	budget_free(budget);
}

static void what_an_arena_reserves_is_counted_once(void **state)
{
	struct budget *budget = fresh(100 * KIB, 100 * KIB);
	struct arena arena = {.share = budget_share(budget, 1)};

	(void)state;
	assert_true(arena_reserve(&arena, 60 * KIB));
	assert_int_equal(budget->held, 60 * KIB);
	assert_true(budget_take(arena.share, 0, 40 * KIB)); /* others take the rest */
	assert_non_null(arena_alloc(&arena, 50 * KIB));
	assert_int_equal(budget->held, 100 * KIB);
	assert_null(arena_alloc(&arena, 20 * KIB)); /* it serves once */
	budget_give(arena.share, 40 * KIB, 0);
	arena_release(&arena);
	assert_int_equal(budget->held, 0);
	assert_true(arena_reserve(&arena, 60 * KIB));
	assert_false(arena_reserve(&(struct arena){.share = arena.share}, 60 * KIB));
	arena_release(&arena); /* unused */
	assert_int_equal(budget->held, 0);
	budget_free(budget);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(small_pieces_are_free), cmocka_unit_test(a_share_and_the_whole_are_limited),
		cmocka_unit_test(no_budget_is_no_limit), cmocka_unit_test(a_buffer_is_counted_as_it_grows),
		cmocka_unit_test(an_arena_is_counted),   cmocka_unit_test(what_an_arena_reserves_is_counted_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
