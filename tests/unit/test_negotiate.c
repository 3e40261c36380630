/* SPDX-License-Identifier: MIT */
/* test_negotiate.c - which media types cover JSON. */
#include "negotiate.h"

#include "unit.h"

static void json_is_covered_by_itself_and_by_wildcards(void **state)
{
	static const char *const good[] = {"application/json",
					   "*/*",
					   "application/*",
					   "*/json",
					   "application/json; q=0",
					   "text/html, */*;q=0.1",
					   "text/html,application/json",
					   " application/json "};

	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
		if (!accepts(span_from(good[i]), SPAN("application/json")))
			fail_msg("'%s' is not accepted", good[i]);
}

static void other_types_are_not(void **state)
{
	static const char *const bad[] = {"text/html",         "application/xml", "text/*, image/png",
					  "application/jsonx", "application/jso", "xapplication/json"};

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		if (accepts(span_from(bad[i]), SPAN("application/json")))
			fail_msg("'%s' is accepted", bad[i]);
}

static void a_body_s_type_is_looked_at_without_its_parameters(void **state)
{
	(void)state;
	assert_true(media_type_covers(SPAN("multipart/form-data; boundary=x"), SPAN("multipart"), SPAN("form-data")));
	assert_true(media_type_covers(SPAN("Application/JSON;charset=utf-8"), SPAN("application"), SPAN("json")));
	assert_false(media_type_covers(SPAN("multipart/mixed"), SPAN("multipart"), SPAN("form-data")));
	assert_false(media_type_covers(SPAN(""), SPAN("application"), SPAN("json")));
}

static void the_most_exact_of_several_is_chosen(void **state)
{
	static const struct media_type offered[] = {{{"a", 1}, {"x", 1}}, {{"a", 1}, {"y", 1}}, {{"b", 1}, {"y", 1}}};

	(void)state;
	assert_int_equal(accepts_which(SPAN("*/*"), offered, 3), 0);
	assert_int_equal(accepts_which(SPAN("*/*, b/*"), offered, 3), 2);
	assert_int_equal(accepts_which(SPAN("b/y, a/y, a/*"), offered, 3), 1);
	assert_int_equal(accepts_which(SPAN("a/y, b/y"), offered, 3), 1);
	assert_int_equal(accepts_which(SPAN("b/y, a/y"), offered, 3), 1);
	assert_int_equal(accepts_which(SPAN("a/x;q=1, b/y;v=2"), offered, 3), 2);
	assert_int_equal(accepts_which(SPAN("c/x, a/z"), offered, 3), 3);
	assert_int_equal(accepts_which(SPAN(""), offered, 3), 3);
	assert_int_equal(accepts_which(SPAN("*/*"), offered, 0), 0);
}

static void gzip_is_for_those_who_name_it(void **state)
{
	(void)state;
	assert_true(accepts_gzip(SPAN("br;q=1, gzip;q=0.5")));
	assert_true(accepts_gzip(SPAN("*")));
	assert_true(accepts_gzip(SPAN("gzip;q=")));
	assert_false(accepts_gzip(SPAN("gzip;Q=0.0, *")));
	assert_false(accepts_gzip(SPAN("")));
	assert_false(accepts_gzip((struct span){NULL, 0}));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(json_is_covered_by_itself_and_by_wildcards),
		cmocka_unit_test(other_types_are_not),
		cmocka_unit_test(a_body_s_type_is_looked_at_without_its_parameters),
		cmocka_unit_test(the_most_exact_of_several_is_chosen),
		cmocka_unit_test(gzip_is_for_those_who_name_it),
	};

	return RUN_TESTS("negotiate", tests);
}
