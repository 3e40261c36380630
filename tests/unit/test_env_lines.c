/* SPDX-License-Identifier: MIT */
/* test_env_lines.c - NAME=VALUE lines, as systemd reads them. */
#include "env_lines.h"

#include "unit.h"

#include <stdlib.h>
#include <string.h>

/* Reads the text to its end; each entry is to be the next of `wanted`: name, value, name, ..., NULL. */
static void check(const char *text, const char *const *wanted)
{
	char *copy = strdup(text);
	struct env_lines lines;
	struct env_entry entry;
	const char *problem;

	assert_non_null(copy);
	env_lines_begin(&lines, copy);
	while (env_lines_next(&lines, &entry, &problem)) {
		assert_non_null(wanted[0]);
		assert_string_equal(entry.name, wanted[0]);
		assert_string_equal(entry.value, wanted[1]);
		wanted += 2;
	}
	assert_null(problem);
	assert_null(wanted[0]);
	free(copy);
}

#define CHECK(text, ...) \
	do { \
		static const char *const wanted[] = {__VA_ARGS__, NULL}; \
		check(text, wanted); \
	} while (0)

static void what_systemd_tests(void **state)
{
	(void)state;
	CHECK("a=a\na=b\nb=b\\\nc\nd= d\\\ne  \\\nf  \ng=g\\ \nh= ąęół\\ śćńźżμ \ni=i\\", "a", "a", "a", "b", "b", "bc",
	      "d", "de  f", "g", "g ", "h", "ąęół śćńźżμ", "i", "i");
	CHECK("a=a\\\n", "a", "a");
	CHECK("#SPAMD_ARGS=\"-d --socketpath=/var/lib/bulwark/spamd \\\nnormal1=line\\\n111\n;normal=ignored \\\n"
	      "normal2=line222\n",
	      "normal1", "line111", "normal2", "line222");
	CHECK("# Generated\n\nHWMON_MODULES=\"coretemp f71882fg\"\n\n# For compatibility reasons\n\nMODULE_0=coretemp\n"
	      "MODULE_1=f71882fg",
	      "HWMON_MODULES", "coretemp f71882fg", "MODULE_0", "coretemp", "MODULE_1", "f71882fg");
	CHECK("a=\nb=", "a", "", "b", "");
	CHECK("a=\\ \\n \\t \\x \\y \\' \nb= \\$'                  \nc= ' \\n\\t\\$\\`\\\\\n'   \nd= \" "
	      "\\n\\t\\$\\`\\\\\n\"   \n",
	      "a", " n t x y '", "b", "$'", "c", " \\n\\t\\$\\`\\\\\n", "d", " \\n\\t$`\\\n");
}

static void blanks_quotes_and_line_ends(void **state)
{
	(void)state;
	CHECK("  a = b c \t\r\nd=e\r", "a", "b c", "d", "e");
	CHECK("a='1' \"2\" 3 4 \nb=x\"y'z", "a", "123 4", "b", "x\"y'z");
	CHECK("a=#no comment\nb=c ; d", "a", "#no comment", "b", "c ; d");
	CHECK("a=\"one\\\ntwo\"\nb='one\\\ntwo'", "a", "onetwo", "b", "one\\\ntwo");
}

static void check_problem(const char *text, size_t line, const char *said)
{
	char *copy = strdup(text);
	struct env_lines lines;
	struct env_entry entry;
	const char *problem;

	assert_non_null(copy);
	env_lines_begin(&lines, copy);
	while (env_lines_next(&lines, &entry, &problem))
		;
	assert_non_null(problem);
	assert_non_null(strstr(problem, said));
	assert_int_equal(entry.line, line);
	free(copy);
}

static void problems_have_the_line_where_the_entry_begins(void **state)
{
	(void)state;
	check_problem("a=1\n\nb\n", 3, "no '='");
	check_problem("a", 1, "no '='");
	check_problem("a='\n\n'\nexport b=1", 4, "no name");
	check_problem("=1", 1, "no name");
	check_problem("1a=1", 1, "no name");
	check_problem("a-b=1", 1, "no name");
	check_problem("a=1\\\n2\nb='\n\n", 3, "not closed");
	check_problem("a=\"x\\\"", 1, "not closed");
	check_problem("a=1\nb=\xFF\n", 2, "UTF-8");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_systemd_tests),
		cmocka_unit_test(blanks_quotes_and_line_ends),
		cmocka_unit_test(problems_have_the_line_where_the_entry_begins),
	};

	return RUN_TESTS("env_lines", tests);
}
