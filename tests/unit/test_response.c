/* SPDX-License-Identifier: MIT */
/* test_response.c - no header is left out without a word: one too many is a defect that ends the program. */
#include "response.h"

#include "unit.h"

#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static void one_too_many_ends_the_program(void **state)
{
	struct response response = {0};
	int status = 0;
	pid_t child;

	(void)state;
	for (size_t i = 0; i < MAX_RESPONSE_HEADERS; i++)
		response_header(&response, "Name", i + 1 < MAX_RESPONSE_HEADERS ? "first" : "last");
	assert_int_equal(response.headers_count, MAX_RESPONSE_HEADERS);
	assert_string_equal(response.headers[MAX_RESPONSE_HEADERS - 1].value, "last");
	child = fork();
	assert_true(child >= 0);
	if (child == 0) {
		signal(SIGABRT, SIG_DFL); /* cmocka's would go on with the tests */
		response_header(&response, "Name", "beyond");
		_exit(0);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFSIGNALED(status));
	assert_int_equal(WTERMSIG(status), SIGABRT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_too_many_ends_the_program),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
