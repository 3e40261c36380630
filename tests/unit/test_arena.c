/* SPDX-License-Identifier: MIT */
/* test_arena.c - memory of an arena is zeroed and aligned, and no two pieces overlap. */
#include "arena.h"

#include "unit.h"

#include <stdalign.h>

#define PIECES 2000

static void pieces_are_zeroed_aligned_and_apart(void **state)
{
	struct arena arena = {0};
	unsigned char *pieces[PIECES];
	size_t sizes[PIECES];
	uint64_t random = 1;

	(void)state;
	for (size_t i = 0; i < PIECES; i++) {
		sizes[i] = next_random(&random) % (i % 50 == 0 ? 20000 : 200) + 1;
		pieces[i] = arena_alloc(&arena, sizes[i]);
		assert_non_null(pieces[i]);
		assert_int_equal((uintptr_t)pieces[i] % alignof(max_align_t), 0);
		for (size_t at = 0; at < sizes[i]; at++)
			assert_int_equal(pieces[i][at], 0);
		memset(pieces[i], (int)(i % 255 + 1), sizes[i]);
	}
	for (size_t i = 0; i < PIECES; i++)
		for (size_t at = 0; at < sizes[i]; at++)
			assert_int_equal(pieces[i][at], i % 255 + 1);
	arena_release(&arena);
}

static void a_released_arena_is_ready_again(void **state)
{
	struct arena arena = {0};

	(void)state;
	arena_release(&arena);
	assert_non_null(arena_alloc(&arena, 100));
	arena_release(&arena);
	assert_null(arena.chunks);
	assert_non_null(arena_alloc(&arena, 100000));
	arena_release(&arena);
}

static void what_no_machine_has_is_refused(void **state)
{
	struct arena arena = {0};
	char *before = arena_alloc(&arena, 1);

	(void)state;
	assert_null(arena_alloc(&arena, SIZE_MAX));
	assert_null(arena_alloc(&arena, SIZE_MAX - alignof(max_align_t)));
	assert_null(arena_alloc(&arena, SIZE_MAX / 2 + 2));
	*before = 1;
	assert_non_null(arena_alloc(&arena, 1));
	assert_int_equal(*before, 1);
	arena_release(&arena);
}

static void copies_end_with_nul(void **state)
{
	struct arena arena = {0};
	struct span copy = arena_copy(&arena, SPAN("a\0b"));

	(void)state;
	assert_literal(copy, "a\0b");
	assert_int_equal(copy.data[3], '\0');
	copy = arena_copy(&arena, (struct span){NULL, 0});
	assert_non_null(copy.data);
	assert_int_equal(copy.length, 0);
	assert_int_equal(copy.data[0], '\0');
	arena_release(&arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(pieces_are_zeroed_aligned_and_apart),
		cmocka_unit_test(a_released_arena_is_ready_again),
		cmocka_unit_test(what_no_machine_has_is_refused),
		cmocka_unit_test(copies_end_with_nul),
	};

	return RUN_TESTS("arena", tests);
}
