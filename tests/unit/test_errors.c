/* SPDX-License-Identifier: MIT */
/* test_errors.c - which response each failure of the library has. */
#include "errors.h"

#include "unit.h"

static void check(enum dm_status status, unsigned wanted, const char *detail)
{
	const struct error_response *answer = error_response(status);

	assert_int_equal(answer->status, wanted);
	assert_int_equal(answer->retry_later, wanted == 503);
	if (detail)
		assert_string_equal(answer->detail, detail);
	else
		assert_null(answer->detail);
}

static void what_may_work_later_is_503(void **state)
{
	static const enum dm_status later[] = {DM_BUSY, DM_UNAVAILABLE, DM_NO_MEMORY, DM_SCHEMA};

	(void)state;
	for (size_t i = 0; i < sizeof(later) / sizeof(later[0]); i++)
		check(later[i], 503, "Service temporarily unavailable.");
}

static void what_the_client_has_done_is_told_in_its_own_words(void **state)
{
	static const enum dm_status own[] = {DM_INVALID, DM_SELF, DM_NOT_ALLOWED};

	(void)state;
	for (size_t i = 0; i < sizeof(own) / sizeof(own[0]); i++)
		check(own[i], 400, NULL);
	check(DM_INACTIVE, 401, "User inactive or deleted.");
	check(DM_NOT_FOUND, 404, "No User matches the given query.");
}

static void the_rest_is_a_defect_of_which_nothing_is_told(void **state)
{
	static const enum dm_status defects[] = {DM_OK, DM_INTERNAL};

	(void)state;
	for (size_t i = 0; i < sizeof(defects) / sizeof(defects[0]); i++)
		check(defects[i], 500, "Internal server error.");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_may_work_later_is_503),
		cmocka_unit_test(what_the_client_has_done_is_told_in_its_own_words),
		cmocka_unit_test(the_rest_is_a_defect_of_which_nothing_is_told),
	};

	return RUN_TESTS("errors", tests);
}
