/* SPDX-License-Identifier: MIT */
/* test_span.c - comparing, trimming and cutting bytes, and reading numbers. */
#include "span.h"

#include "unit.h"

static void from_a_string(void **state)
{
	(void)state;
	assert_literal(span_from("abc"), "abc");
	assert_literal(span_from(""), "");
	assert_int_equal(span_from(NULL).length, 0);
	assert_literal(SPAN("a\0b"), "a\0b");
}

static void equality_is_of_length_and_bytes(void **state)
{
	(void)state;
	assert_true(span_equal(SPAN("abc"), SPAN("abc")));
	assert_false(span_equal(SPAN("abc"), SPAN("abd")));
	assert_false(span_equal(SPAN("abc"), SPAN("ab")));
	assert_false(span_equal(SPAN("abc"), SPAN("ABC")));
	assert_false(span_equal(SPAN("a\0b"), SPAN("a\0c")));
	assert_true(span_equal(SPAN(""), (struct span){NULL, 0}));
}

static void equality_without_case_is_of_ascii_letters(void **state)
{
	(void)state;
	assert_true(span_equal_nocase(SPAN("toKEN"), SPAN("Token")));
	assert_false(span_equal_nocase(SPAN("toKEN"), SPAN("Tokem")));
	assert_false(span_equal_nocase(SPAN("token"), SPAN("token ")));
	assert_false(span_equal_nocase(SPAN("["), SPAN("{")));
	assert_false(span_equal_nocase(SPAN("\xC3\xA9"), SPAN("\xC3\x89")));
	assert_true(span_equal_nocase((struct span){NULL, 0}, SPAN("")));
}

static void trimming_takes_blanks_and_tabs_from_the_ends(void **state)
{
	(void)state;
	assert_literal(span_trim(SPAN(" \t a b\t ")), "a b");
	assert_literal(span_trim(SPAN("a")), "a");
	assert_literal(span_trim(SPAN(" \t ")), "");
	assert_literal(span_trim(SPAN("\na\r")), "\na\r");
	assert_int_equal(span_trim((struct span){NULL, 0}).length, 0);
}

static void cutting_gives_each_part_once(void **state)
{
	struct span rest = SPAN("a,,bc,");

	(void)state;
	assert_literal(span_cut(&rest, ','), "a");
	assert_literal(span_cut(&rest, ','), "");
	assert_literal(span_cut(&rest, ','), "bc");
	assert_non_null(rest.data); /* the last part, which is empty, is yet to come */
	assert_literal(span_cut(&rest, ','), "");
	assert_null(rest.data);
	assert_literal(span_cut(&rest, ','), "");
	rest = SPAN("abc");
	assert_literal(span_cut(&rest, ','), "abc");
	assert_null(rest.data);
	assert_int_equal(rest.length, 0);
}

static void numbers(void **state)
{
	static const struct {
		const char *digits;
		int64_t value;
	} good[] = {
		{"0", 0},
		{"7", 7},
		{"0007", 7},
		{"1234567890123456789", INT64_C(1234567890123456789)},
		{"9223372036854775807", INT64_MAX},
		{"00000000000000000000000000000000000000000009223372036854775807", INT64_MAX},
	};
	static const char *const bad[] = {
		"",
		"-1",
		"+1",
		" 1",
		"1 ",
		"1a",
		"a",
		"0x1",
		"1.0",
		"9223372036854775808",
		"18446744073709551616",
		"99999999999999999999999999999999999999999",
	};
	int64_t value;

	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		assert_true(span_to_int64(span_from(good[i].digits), &value));
		assert_true(value == good[i].value);
	}
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		value = 42;
		assert_false(span_to_int64(span_from(bad[i]), &value));
		assert_true(value == 42);
	}
	assert_false(span_to_int64(SPAN("1\0"), &value));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(from_a_string),
		cmocka_unit_test(equality_is_of_length_and_bytes),
		cmocka_unit_test(equality_without_case_is_of_ascii_letters),
		cmocka_unit_test(trimming_takes_blanks_and_tabs_from_the_ends),
		cmocka_unit_test(cutting_gives_each_part_once),
		cmocka_unit_test(numbers),
	};

	return RUN_TESTS("span", tests);
}
