/* SPDX-License-Identifier: MIT */
/* test_timestamp.c - times as text, and back. */
#include "timestamp.h"

#include "unit.h"

#define SECOND INT64_C(1000000)

static const struct {
	int64_t microseconds;
	const char *text;
} times[] = {
	{0, "1970-01-01 00:00:00"},
	{1, "1970-01-01 00:00:00.000001"},
	{-1, "1969-12-31 23:59:59.999999"},
	{1749211200 * SECOND + 123456, "2025-06-06 12:00:00.123456"},
	{1749211200 * SECOND + 100000, "2025-06-06 12:00:00.100000"},
	{951782400 * SECOND, "2000-02-29 00:00:00"},
	{4107542399 * SECOND, "2100-02-28 23:59:59"},
	{4107542400 * SECOND, "2100-03-01 00:00:00"},
	{-62135596800 * SECOND, "0001-01-01 00:00:00"},
	{253402300800 * SECOND - 1, "9999-12-31 23:59:59.999999"},
};

static void times_are_written_and_read(void **state)
{
	char text[TIMESTAMP_SIZE];
	int64_t back;

	(void)state;
	for (size_t i = 0; i < sizeof(times) / sizeof(times[0]); i++) {
		assert_int_equal(timestamp_format(times[i].microseconds, ' ', text), strlen(times[i].text));
		assert_string_equal(text, times[i].text);
		assert_true(timestamp_parse(span_from(times[i].text), &back));
		assert_true(back == times[i].microseconds);
	}
	timestamp_format(INT64_MIN, 'T', text);
	assert_string_equal(text, "0001-01-01T00:00:00");
	timestamp_format(INT64_MAX, 'T', text);
	assert_string_equal(text, "9999-12-31T23:59:59.999999");
}

static void what_is_written_reads_back(void **state)
{
	uint64_t random = 1;

	(void)state;
	for (int i = 0; i < 100000; i++) {
		int64_t time = (int64_t)(next_random(&random) % UINT64_C(315537897600000000)) - 62135596800 * SECOND;
		char text[TIMESTAMP_SIZE];
		size_t length = timestamp_format(time, 'T', text);
		int64_t back;

		assert_true(timestamp_parse((struct span){text, length}, &back));
		assert_true(back == time);
	}
}

static void django_s_forms_are_read(void **state)
{
	static const struct {
		const char *text;
		int64_t seconds;
		int fraction;
	} forms[] = {
		{"2025-06-06T12:00:00Z", 1749211200, 0},       {"2025-06-06 12:00", 1749211200, 0},
		{"2025-6-6 12:00:00", 1749211200, 0},          {"2025-06-06", 1749168000, 0},
		{"2025-06-06 12:00:00.5", 1749211200, 500000}, {"2025-06-06 12:00:00,123456789", 1749211200, 123456},
		{"2025-06-06 12:00:00+00:00", 1749211200, 0},  {"2025-06-06 14:30:00+0230", 1749211200, 0},
		{"2025-06-06 14:00:00+02", 1749211200, 0},     {"2025-06-06 10:30:00.25-01:30", 1749211200, 250000},
	};
	int64_t read;

	(void)state;
	for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
		assert_true(timestamp_parse(span_from(forms[i].text), &read));
		assert_true(read == forms[i].seconds * SECOND + forms[i].fraction);
	}
}

static void everything_else_is_refused(void **state)
{
	static const char *const bad[] = {
		"",
		"x",
		"2025",
		"2025-06",
		"2025-13-01",
		"2025-00-01",
		"2025-06-00",
		"2025-06-31",
		"2025-02-29",
		"2100-02-29",
		"0000-01-01",
		"2025-06-06 24:00:00",
		"2025-06-06 12:60:00",
		"2025-06-06 12:00:60",
		"2025-06-06x12:00:00",
		"2025-06-06 12:00:00.",
		"2025-06-06 12:00:00 x",
		"2025-06-06 12:00:00+24:00",
		"2025-06-06 12:00:00+1",
		"2025-06-06 12:00:00Zx",
		"2025-06-06 ",
		"2025-02-29 12:00:00.000001", /* in the form that is stored */
		"2025-06-31 12:00:00.000001",
		"2025-13-01 12:00:00.000001",
		"0000-01-01 12:00:00.000001",
		"2025-06-06 24:00:00.000001",
		"2025-06-06 12:60:00.000001",
		"2025-06-06 12:00:60.000001",
		"2025-06-06x12:00:00.000001",
		"2025-06-06 12:00:00.00000x",
	};
	int64_t read;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		if (timestamp_parse(span_from(bad[i]), &read))
			fail_msg("'%s' was read", bad[i]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(times_are_written_and_read),
		cmocka_unit_test(what_is_written_reads_back),
		cmocka_unit_test(django_s_forms_are_read),
		cmocka_unit_test(everything_else_is_refused),
	};

	return RUN_TESTS("timestamp", tests);
}
