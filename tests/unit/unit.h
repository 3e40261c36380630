/* SPDX-License-Identifier: MIT */
/* unit.h - what every unit test includes: cmocka, the headers that it needs before it, and what it lacks. */
#ifndef UNIT_H
#define UNIT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static inline void check_bytes(const char *got, size_t got_length, const char *want, size_t want_length,
			       const char *file, int line)
{
	if (got_length == want_length && (got_length == 0 || memcmp(got, want, got_length) == 0))
		return;
	print_error("got %zu bytes: %.*s\nwant %zu bytes: %.*s\n", got_length, (int)got_length, got ? got : "",
		    want_length, (int)want_length, want);
	_fail(file, line);
}

/* `text` is a span, a dm_text or a buffer, evaluated once; `wanted` a literal, which may hold NULs, or a string. */
#define assert_bytes(text, wanted, wanted_length) \
	do { \
		const __typeof__(text) unit_text = (text); \
		check_bytes(unit_text.data, unit_text.length, (wanted), (wanted_length), __FILE__, __LINE__); \
	} while (0)
#define assert_literal(text, wanted) assert_bytes(text, "" wanted, sizeof(wanted) - 1)
#define assert_string(text, wanted) assert_bytes(text, wanted, strlen(wanted))

/* The same sequence in each run: a failure can be looked at again. */
static inline uint64_t next_random(uint64_t *state)
{
	uint64_t z = *state += UINT64_C(0x9E3779B97F4A7C15);

	z = (z ^ z >> 30) * UINT64_C(0xBF58476D1CE4E5B9);
	z = (z ^ z >> 27) * UINT64_C(0x94D049BB133111EB);
	return z ^ z >> 31;
}

#define RUN_TESTS(name, tests) cmocka_run_group_tests_name(name, tests, NULL, NULL)

#endif
