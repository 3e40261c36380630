/* SPDX-License-Identifier: MIT */
/* test_form.c - application/x-www-form-urlencoded, read and written. */
#include "form.h"

#include "unit.h"

static void percents_are_decoded(void **state)
{
	struct arena arena = {0};

	(void)state;
	assert_literal(percent_decode(&arena, SPAN("a%20b+c%2B%c3%BC"), true), "a b c+\xc3\xbc");
	assert_literal(percent_decode(&arena, SPAN("a+b"), false), "a+b");
	assert_literal(percent_decode(&arena, SPAN("%00"), true), "\0");
	assert_literal(percent_decode(&arena, SPAN("%"), true), "%");
	assert_literal(percent_decode(&arena, SPAN("%4"), true), "%4");
	assert_literal(percent_decode(&arena, SPAN("%zz%4g%%41"), true), "%zz%4g%A");
	assert_literal(percent_decode(&arena, SPAN(""), true), "");
	arena_release(&arena);
}

static void every_byte_is_encoded_and_comes_back(void **state)
{
	struct arena arena = {0};
	struct buffer out;
	char all[256];

	(void)state;
	for (int i = 0; i < 256; i++)
		all[i] = (char)i;
	buffer_init(&out, SIZE_MAX);
	form_encode(&out, SPAN("aZ09_.-~ /+&=%\xff"));
	assert_literal(out, "aZ09_.-~+%2F%2B%26%3D%25%FF");
	out.length = 0;
	form_encode(&out, (struct span){all, sizeof(all)});
	assert_true(span_equal(percent_decode(&arena, buffer_span(&out), true), (struct span){all, sizeof(all)}));
	buffer_release(&out);
	arena_release(&arena);
}

static void fields_come_in_their_order(void **state)
{
	struct arena arena = {0};
	struct span rest = SPAN("&a=1&&b=2=3&c&=4&d=&%61=x+y&"), name, value;
	static const char *const wanted[][2] = {{"a", "1"}, {"b", "2=3"}, {"c", ""},
						{"", "4"},  {"d", ""},    {"a", "x y"}};

	(void)state;
	for (size_t i = 0; i < sizeof(wanted) / sizeof(wanted[0]); i++) {
		assert_true(form_next(&rest, &arena, &name, &value));
		assert_string(name, wanted[i][0]);
		assert_string(value, wanted[i][1]);
	}
	assert_false(form_next(&rest, &arena, &name, &value));
	arena_release(&arena);
}

static void the_first_or_the_last_is_found(void **state)
{
	struct arena arena = {0};
	struct span form = SPAN("a=1&b=2&a=3"), value = {NULL, 0};

	(void)state;
	assert_true(form_find(form, &arena, SPAN("a"), FORM_FIRST, &value));
	assert_literal(value, "1");
	assert_true(form_find(form, &arena, SPAN("a"), FORM_LAST, &value));
	assert_literal(value, "3");
	assert_false(form_find(form, &arena, SPAN("c"), FORM_LAST, &value));
	assert_false(form_find(SPAN(""), &arena, SPAN("a"), FORM_FIRST, &value));
	arena_release(&arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(percents_are_decoded),
		cmocka_unit_test(every_byte_is_encoded_and_comes_back),
		cmocka_unit_test(fields_come_in_their_order),
		cmocka_unit_test(the_first_or_the_last_is_found),
	};

	return RUN_TESTS("form", tests);
}
