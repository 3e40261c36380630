/* SPDX-License-Identifier: MIT */
/* test_origins.c - lists of origins: what is refused, and what matches. */
#include "origins.h"

#include "unit.h"

static void read_list(struct origins *origins, const char *text)
{
	struct span wrong;
	const char *problem = origins_parse(origins, text, &wrong);

	if (problem)
		fail_msg("'%s': '%.*s', which %s", text, (int)wrong.length, wrong.data, problem);
}

static void check_refused(const char *text, const char *entry, const char *part)
{
	struct origins origins;
	struct span wrong;
	const char *problem = origins_parse(&origins, text, &wrong);

	if (!problem)
		fail_msg("'%s' was read", text);
	if (!strstr(problem, part))
		fail_msg("'%s': %s", text, problem);
	assert_string(wrong, entry);
	origins_release(&origins);
}

/* What a page of the origin is told: one of the list, "*", or "" for nothing. */
static void check_match(const struct origins *origins, const char *origin, const char *wanted)
{
	const char *match = origins_match(origins, span_from(origin));

	assert_string_equal(match ? match : "", wanted);
}

static void an_origin_matches_byte_for_byte(void **state)
{
	static const char *const others[] = {"http://app.example.org",
					     "https://app.example.org:444",
					     "https://app.example.org/",
					     "https://app.example.orgx",
					     "https://app.example.or",
					     "https://App.example.org",
					     "https://x.app.example.org",
					     "https://app.example.org, https://app.example.org",
					     " https://app.example.org",
					     "app.example.org",
					     "null",
					     "*",
					     "",
					     NULL};
	struct origins origins;

	(void)state;
	read_list(&origins,
		  " https://app.example.org,\thttp://127.0.0.1:8000 ,http://[::1]:3000, capacitor://localhost");
	assert_int_equal(origins.count, 4);
	check_match(&origins, "https://app.example.org", "https://app.example.org");
	check_match(&origins, "http://127.0.0.1:8000", "http://127.0.0.1:8000");
	check_match(&origins, "http://[::1]:3000", "http://[::1]:3000");
	check_match(&origins, "capacitor://localhost", "capacitor://localhost");
	for (const char *const *other = others; *other; other++)
		check_match(&origins, *other, "");
	check_match(&origins, NULL, "");
	origins_release(&origins);
}

static void a_star_matches_all_but_null(void **state)
{
	struct origins origins;

	(void)state;
	read_list(&origins, " * ");
	check_match(&origins, "https://anywhere.example", "*");
	check_match(&origins, "null", "");
	check_match(&origins, "", "");
	check_match(&origins, NULL, "");
	origins_release(&origins);
}

static void no_text_is_no_origin(void **state)
{
	struct origins origins;

	(void)state;
	read_list(&origins, NULL);
	assert_int_equal(origins.count, 0);
	origins_release(&origins);
}

static void what_browsers_never_send_is_refused(void **state)
{
	static const struct {
		const char *entry, *part;
	} bad[] = {
		{"null", "never allowed"},
		{"app.example.org", "scheme"},
		{"//app.example.org", "scheme"},
		{"app.example.org:8000", "scheme"},
		{"://app.example.org", "scheme"},
		{"https:/app.example.org", "scheme"},
		{"https://App.example.org", "upper-case"},
		{"HTTPS://app.example.org", "upper-case"},
		{"https://app.example.org/", "path"},
		{"https://app.example.org/x", "path"},
		{"https://app.example.org?x", "path"},
		{"https://app.example.org:8000/", "port"},
		{"https://", "host"},
		{"file://", "host"},
		{"https://:8000", "host"},
		{"https://*", "host"},
		{"https://*.example.org", "host"},
		{"https://me@example.org", "character"},
		{"https://ex\xc3\xa4mple.org", "character"},
		{"https://example.org https://example.com", "character"},
		{"https://app.example.org:", "port"},
		{"https://app.example.org:x", "port"},
		{"https://app.example.org:0", "port"},
		{"https://app.example.org:08000", "port"},
		{"https://app.example.org:65536", "port"},
		{"https://app.example.org:443", "default port"},
		{"http://app.example.org:80", "default port"},
		{"http://[::1", "IPv6"},
		{"http://[]", "IPv6"},
		{"http://[::g]", "IPv6"},
		{"http://[1:2:3:4:5:6:7:8:9]", "IPv6"},
		{"http://[0000000000000000000000000000000000000000000000:1]", "IPv6"},
		{"http://[::1]x", "character"},
	};
	char list[200];

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		check_refused(bad[i].entry, bad[i].entry, bad[i].part);
		snprintf(list, sizeof(list), "https://one.example, %s ,https://two.example", bad[i].entry);
		check_refused(list, bad[i].entry, bad[i].part);
	}
}

static void entries_are_neither_empty_nor_a_star_beside_others(void **state)
{
	(void)state;
	check_refused("", "", "empty");
	check_refused(" ", "", "empty");
	check_refused(",", "", "empty");
	check_refused("https://one.example,", "", "empty");
	check_refused(",https://one.example", "", "empty");
	check_refused("*,https://one.example", "*", "alone");
	check_refused("https://one.example,*", "*", "alone");
	check_refused("*,*", "*", "alone");
	check_refused("https://one.example;https://two.example", "https://one.example;https://two.example",
		      "character");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_origin_matches_byte_for_byte),
		cmocka_unit_test(a_star_matches_all_but_null),
		cmocka_unit_test(no_text_is_no_origin),
		cmocka_unit_test(what_browsers_never_send_is_refused),
		cmocka_unit_test(entries_are_neither_empty_nor_a_star_beside_others),
	};

	return RUN_TESTS("origins", tests);
}
