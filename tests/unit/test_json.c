/* SPDX-License-Identifier: MIT */
/* test_json.c - JSON as Django REST Framework's renderer writes it. */
#include "json.h"

#include "unit.h"

#define assert_json(text, wanted) \
	do { \
		struct buffer out; \
		buffer_init(&out, SIZE_MAX); \
		json_string(&out, SPAN(text)); \
		assert_literal(out, wanted); \
		buffer_release(&out); \
	} while (0)

static void strings_are_quoted_and_escaped(void **state)
{
	(void)state;
	assert_json("", "\"\"");
	assert_json("plain", "\"plain\"");
	assert_json("\"a\\b\"", "\"\\\"a\\\\b\\\"\"");
	assert_json("\b\f\n\r\t", "\"\\b\\f\\n\\r\\t\"");
	assert_json("\x01\x1f\x7f", "\"\\u0001\\u001f\x7f\"");
	assert_json("a\0b", "\"a\\u0000b\"");
	assert_json("</script>", "\"</script>\"");
	assert_json("\xc3\xbc \xf0\x9f\x98\x80", "\"\xc3\xbc \xf0\x9f\x98\x80\"");
}

static void line_separators_are_escaped_and_their_neighbours_not(void **state)
{
	(void)state;
	assert_json("a\xe2\x80\xa8z\xe2\x80\xa9", "\"a\\u2028z\\u2029\"");
	assert_json("\xe2\x80\xa7\xe2\x80\xaa\xe2\x82\xac", "\"\xe2\x80\xa7\xe2\x80\xaa\xe2\x82\xac\"");
}

/* The text is `length` letters, with `middle` from `at` on; only what is in the middle is changed. */
static void check_in_the_middle(size_t length, size_t at, struct span middle)
{
	char text[64];
	struct buffer out, wanted;

	memset(text, 'x', length);
	memcpy(text + at, middle.data, middle.length);
	buffer_init(&out, SIZE_MAX);
	buffer_init(&wanted, SIZE_MAX);
	json_string(&wanted, middle); /* in quotes */
	json_string(&out, (struct span){text, length});
	assert_int_equal(out.length, length - middle.length + wanted.length);
	for (size_t i = 0; i < length - middle.length; i++)
		assert_int_equal(out.data[i < at ? 1 + i : 1 + i + wanted.length - 2], 'x');
	assert_bytes(((struct span){out.data + 1 + at, wanted.length - 2}), wanted.data + 1, wanted.length - 2);
	buffer_release(&out);
	buffer_release(&wanted);
}

static void what_is_escaped_does_not_depend_on_its_place(void **state)
{
	(void)state;
	for (size_t length = 1; length <= 26; length++)
		for (size_t at = 0; at < length; at++)
			for (int c = 0; c < 256; c++) {
				char byte = (char)c;

				check_in_the_middle(length, at, (struct span){&byte, 1});
				if (at + 3 <= length && c % 4 == 0) {
					char three[] = {(char)0xE2, (char)0x80, (char)(0x80 | c / 4)};

					check_in_the_middle(length, at, (struct span){three, 3});
				}
			}
}

static void times_are_quoted(void **state)
{
	struct buffer out;

	(void)state;
	buffer_init(&out, SIZE_MAX);
	json_time(&out, INT64_C(1749211200123456));
	json_time(&out, INT64_C(1749211200000000));
	assert_literal(out, "\"2025-06-06T12:00:00.123456Z\"\"2025-06-06T12:00:00Z\"");
	buffer_release(&out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(strings_are_quoted_and_escaped),
		cmocka_unit_test(line_separators_are_escaped_and_their_neighbours_not),
		cmocka_unit_test(what_is_escaped_does_not_depend_on_its_place),
		cmocka_unit_test(times_are_quoted),
	};

	return RUN_TESTS("json", tests);
}
