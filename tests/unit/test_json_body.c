/* SPDX-License-Identifier: MIT */
/* test_json_body.c - the content in a JSON body. */
#include "json_body.h"

#include "unit.h"

static const struct {
	const char *body, *content;
} usable[] = {
	{"{\"content\":\"Hello\"}", "Hello"},
	{" {\"x\":1, \"content\" : \"a\\u00fc\\n\" } ", "a\xc3\xbc\n"},
	{"{\"content\":\"\\ud83d\\ude00\"}", "\xf0\x9f\x98\x80"},
	{"{\"content\":\"a\",\"content\":\"b\"}", "b"},
	{"{\"\\u0000\":1,\"content\":\"a\"}", "a"},
	{"{\"content\\u0000\":1,\"content\":\"a\",\"x\":{\"\\\"\\\\\\u0000b\\u0000\" \t:[{\"\\u0000\":\"\\u0000\"}]}}",
	 "a"},
	{"{\"content\":17}", "17"},
	{"{\"content\":-9223372036854775808}", "-9223372036854775808"},
	{"{\"content\":1.50}", "1.5"},
	{"{\"content\":1e16}", "1e+16"},
	{"{}", ""},
	{"{\"content\":null}", ""},
	{"{\"content\":false}", ""},
	{"{\"content\":0}", ""},
	{"{\"content\":-0.0}", ""},
	{"{\"content\":\"\"}", ""},
	{"{\"content\":[]}", ""},
	{"{\"content\":{}}", ""},
};

static void content_is_read(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(usable) / sizeof(usable[0]); i++) {
		struct arena arena = {0};
		struct buffer detail;
		struct span content;

		buffer_init(&detail, SIZE_MAX);
		assert_true(json_body_content(span_from(usable[i].body), &arena, &content, &detail));
		assert_string(content, usable[i].content);
		assert_int_equal(detail.length, 0);
		buffer_release(&detail);
		arena_release(&arena);
	}
}

static void a_nul_is_kept(void **state)
{
	struct arena arena = {0};
	struct buffer detail;
	struct span content;

	(void)state;
	buffer_init(&detail, SIZE_MAX);
	assert_true(json_body_content(SPAN("{\"content\":\"a\\u0000b\"}"), &arena, &content, &detail));
	assert_literal(content, "a\0b");
	assert_true(json_body_content(SPAN("{\"\\u0000\":\"\\u0000\",\"content\":\":\\u0000\"}"), &arena, &content,
				      &detail));
	assert_literal(content, ":\0");
	buffer_release(&detail);
	arena_release(&arena);
}

static const struct {
	const char *body, *detail;
} unusable[] = {
	{"{\"content\":true}", "content must be a string."},
	{"{\"content\":[1]}", "content must be a string."},
	{"{\"content\":{\"a\":1}}", "content must be a string."},
	{"[]", "Invalid data. Expected a dictionary, but got list."},
	{"\"x\"", "Invalid data. Expected a dictionary, but got str."},
	{"1", "Invalid data. Expected a dictionary, but got int."},
	{"1.5", "Invalid data. Expected a dictionary, but got float."},
	{"true", "Invalid data. Expected a dictionary, but got bool."},
	{"null", "Invalid data. Expected a dictionary, but got NoneType."},
	{"", "JSON parse error - *"},
	{"{", "JSON parse error - *"},
	{"{} x", "JSON parse error - *"},
	{"{\"content\":\"\xff\"}", "JSON parse error - *"},
	{"{\"content\":\"\\ud800\"}", "JSON parse error - *"},
};

static void what_is_wrong_is_told(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(unusable) / sizeof(unusable[0]); i++) {
		size_t known = strcspn(unusable[i].detail, "*");
		struct arena arena = {0};
		struct buffer detail;
		struct span content;

		buffer_init(&detail, SIZE_MAX);
		assert_false(json_body_content(span_from(unusable[i].body), &arena, &content, &detail));
		assert_true(detail.length >= known && memcmp(detail.data, unusable[i].detail, known) == 0);
		assert_int_equal(unusable[i].detail[known] == '*', detail.length > known);
		buffer_release(&detail);
		arena_release(&arena);
	}
}

static void explain(struct span body, struct buffer *detail)
{
	struct arena arena = {0};
	struct span content;

	buffer_init(detail, SIZE_MAX);
	assert_false(json_body_content(body, &arena, &content, detail));
	arena_release(&arena);
}

static void the_place_of_a_mistake_counts_characters(void **state)
{
	struct buffer ascii, other;

	(void)state;
	explain(SPAN("[\"u\",\n\"u\" 2]"), &ascii);
	explain(SPAN("[\"\xf0\x9f\x98\x80\",\n\"\xc3\xbc\" 2]"), &other);
	assert_true(span_equal(buffer_span(&ascii), buffer_span(&other)));
	assert_non_null(memmem(ascii.data, ascii.length, ": line 2 column ", 16));
	buffer_release(&ascii);
	buffer_release(&other);
}

/* jansson's tree of `{}` and the like is many times as large as their text. */
static void too_many_values_are_refused(void **state)
{
	struct buffer body, detail;

	(void)state;
	buffer_init(&body, SIZE_MAX);
	buffer_append_char(&body, '[');
	for (int i = 0; i < 100000; i++)
		BUFFER_APPEND_LITERAL(&body, "{},");
	BUFFER_APPEND_LITERAL(&body, "0]");
	explain(buffer_span(&body), &detail);
	assert_literal(buffer_span(&detail), "The JSON body holds too many values.");
	buffer_release(&body);
	buffer_release(&detail);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(content_is_read),
		cmocka_unit_test(a_nul_is_kept),
		cmocka_unit_test(what_is_wrong_is_told),
		cmocka_unit_test(the_place_of_a_mistake_counts_characters),
		cmocka_unit_test(too_many_values_are_refused),
	};

	return RUN_TESTS("json_body", tests);
}
