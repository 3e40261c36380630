/* SPDX-License-Identifier: MIT */
/* test_buffer.c - a buffer grows up to its ceiling; once it has failed, it stays failed. */
#include "buffer.h"

#include "unit.h"

/* Under AddressSanitizer too malloc answers a request for more than there is with NULL. */
__attribute__((visibility("default"))) const char *__asan_default_options(void);
const char *__asan_default_options(void)
{
	return "allocator_may_return_null=1";
}

#include <stdlib.h>

static void it_grows_and_keeps_what_it_has(void **state)
{
	struct buffer buffer;

	(void)state;
	buffer_init(&buffer, SIZE_MAX);
	assert_null(buffer.data);
	for (int i = 0; i < 10000; i++)
		buffer_append_int(&buffer, i % 10);
	assert_false(buffer.failed);
	assert_int_equal(buffer.length, 10000);
	for (int i = 0; i < 10000; i++)
		assert_int_equal(buffer.data[i], '0' + i % 10);
	buffer_release(&buffer);
	assert_null(buffer.data);
	assert_int_equal(buffer.length, 0);
}

static void each_way_to_append(void **state)
{
	struct buffer buffer;
	char *place;

	(void)state;
	buffer_init(&buffer, 1000);
	buffer_append(&buffer, "a\0b", 3);
	buffer_append(&buffer, NULL, 0);
	buffer_append_span(&buffer, SPAN("cd"));
	buffer_append_span(&buffer, (struct span){NULL, 0});
	buffer_append_char(&buffer, 'e');
	BUFFER_APPEND_LITERAL(&buffer, "fg");
	buffer_printf(&buffer, "<%s %d>", "h", 42);
	buffer_printf(&buffer, "%s", "");
	place = buffer_reserve(&buffer, 3);
	assert_non_null(place);
	memcpy(place, "xyz", 3);
	buffer.length += 2;
	assert_literal(buffer, "a\0bcdefg<h 42>xy");
	assert_literal(buffer_span(&buffer), "a\0bcdefg<h 42>xy");
	buffer_release(&buffer);
}

static void integers(void **state)
{
	static const struct {
		int64_t value;
		const char *text;
	} rows[] = {
		{0, "0"},
		{7, "7"},
		{-7, "-7"},
		{10, "10"},
		{INT64_MAX, "9223372036854775807"},
		{INT64_MIN, "-9223372036854775808"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct buffer buffer;

		buffer_init(&buffer, 20);
		buffer_append_int(&buffer, rows[i].value);
		assert_string(buffer, rows[i].text);
		buffer_release(&buffer);
	}
}

/* Appends pieces until one is refused: that is the first which the ceiling has no room for, and all after it are. */
static void fill(size_t ceiling, size_t piece)
{
	static const char bytes[512] = {'x'};
	struct buffer buffer;
	size_t fits = ceiling / piece * piece;

	buffer_init(&buffer, ceiling);
	while (buffer.length < fits && !buffer.failed)
		buffer_append(&buffer, bytes, piece);
	assert_false(buffer.failed);
	assert_int_equal(buffer.length, fits);
	buffer_append(&buffer, bytes, piece);
	assert_true(buffer.failed);
	assert_int_equal(buffer.length, fits);
	if (fits < ceiling) {
		buffer_append_char(&buffer, 'x'); /* there would be room, but a text with a hole is worse than none */
		assert_int_equal(buffer.length, fits);
	}
	buffer_release(&buffer);
}

static void the_ceiling_is_exact(void **state)
{
	static const size_t ceilings[] = {0, 1, 2, 100, 255, 256, 257, 300, 511, 512, 513, 1000, 1024, 100000};
	static const size_t pieces[] = {1, 2, 3, 7, 100, 200, 256, 300, 511};

	(void)state;
	for (size_t i = 0; i < sizeof(ceilings) / sizeof(ceilings[0]); i++)
		for (size_t j = 0; j < sizeof(pieces) / sizeof(pieces[0]); j++)
			fill(ceilings[i], pieces[j]);
}

static void a_failure_sticks(void **state)
{
	struct buffer buffer;

	(void)state;
	buffer_init(&buffer, 4);
	buffer_append(&buffer, "abc", 3);
	buffer_append(&buffer, "de", 2);
	assert_true(buffer.failed);
	buffer_append_char(&buffer, 'd');
	buffer_append_int(&buffer, 1);
	buffer_append_span(&buffer, SPAN("d"));
	buffer_printf(&buffer, "d");
	assert_null(buffer_reserve(&buffer, 1));
	assert_literal(buffer, "abc");
	assert_true(buffer.failed);
	buffer_release(&buffer);
	assert_false(buffer.failed);
	buffer_append(&buffer, "abcd", 4);
	assert_literal(buffer, "abcd");
	buffer_append_char(&buffer, 'e'); /* the ceiling is still that of its birth */
	assert_true(buffer.failed);
	buffer_release(&buffer);
}

static void more_than_memory_fails_and_returns(void **state)
{
	struct buffer buffer;

	(void)state;
	buffer_init(&buffer, SIZE_MAX);
	buffer_append_char(&buffer, 'a');
	assert_null(buffer_reserve(&buffer, SIZE_MAX / 4));
	assert_true(buffer.failed);
	assert_literal(buffer, "a");
	buffer_release(&buffer);
}

static void taking_leaves_it_empty(void **state)
{
	struct buffer buffer;
	char *taken;

	(void)state;
	buffer_init(&buffer, 100);
	BUFFER_APPEND_LITERAL(&buffer, "abc");
	taken = buffer_take(&buffer);
	assert_memory_equal(taken, "abc", 3);
	assert_null(buffer.data);
	assert_int_equal(buffer.length, 0);
	free(taken);
	BUFFER_APPEND_LITERAL(&buffer, "d");
	assert_literal(buffer, "d");
	buffer_release(&buffer);
	assert_null(buffer_take(&buffer));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(it_grows_and_keeps_what_it_has),
		cmocka_unit_test(each_way_to_append),
		cmocka_unit_test(integers),
		cmocka_unit_test(the_ceiling_is_exact),
		cmocka_unit_test(a_failure_sticks),
		cmocka_unit_test(more_than_memory_fails_and_returns),
		cmocka_unit_test(taking_leaves_it_empty),
	};

	return RUN_TESTS("buffer", tests);
}
