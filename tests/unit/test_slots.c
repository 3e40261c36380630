/* SPDX-License-Identifier: MIT */
/* test_slots.c - slots don't overlap, are full of zeros, and go back to malloc. */
#include "slots.h"

#include "unit.h"

#include <stdint.h>
#include <string.h>

#define SIZE 100
#define COUNT 1000

static void *fresh(struct slots *slots)
{
	static const char zeros[SIZE];
	void *slot = slots_alloc(slots);

	assert_non_null(slot);
	assert_int_equal((uintptr_t)slot % _Alignof(max_align_t), 0);
	assert_memory_equal(slot, zeros, SIZE);
	return slot;
}

static void check(const char *slot, size_t number)
{
	for (size_t i = 0; i < SIZE; i++)
		assert_int_equal(slot[i], (char)(number % 127 + 1));
}

static void slots_are_used_again_and_go_back(void **state)
{
	static char *all[COUNT];
	struct slots slots;

	(void)state;
	slots_init(&slots, SIZE);
	for (size_t round = 0; round < 3; round++) {
		for (size_t i = 0; i < COUNT; i++) {
			all[i] = fresh(&slots);
			memset(all[i], (int)(i % 127 + 1), SIZE);
		}
		for (size_t i = 0; i < COUNT; i += 2)
			slots_free(&slots, all[i]);
		for (size_t i = 0; i < COUNT; i += 2) {
			all[i] = fresh(&slots);
			memset(all[i], (int)(i % 127 + 1), SIZE);
		}
		for (size_t i = 0; i < COUNT; i++)
			check(all[i], i);
		for (size_t i = 0; i < COUNT; i++) /* from both ends, so that slabs become empty in any order */
			slots_free(&slots, all[i % 2 ? COUNT - 1 - i / 2 : i / 2]);
		assert_true(LIST_EMPTY(&slots.with_room));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(slots_are_used_again_and_go_back),
	};

	return RUN_TESTS("slots", tests);
}
