/* SPDX-License-Identifier: MIT */
/* test_position.c - positions as clients have them. The texts were made with another implementation of AES-SIV, the one
 * of Python's cryptography. */
#include "position.h"

#include "unit.h"

struct known {
	struct dm_event_position position;
	uint64_t salt;
	const char *text;
};

static const struct known known[] = {
	{{0, 1, 2}, 0, "Y3EzyyEYFFsQsEegjuutKnBbjRiU43dhSbb8mtSWklRfHp1Sf9F8RbPonbYrrHoY"},
	{{INT64_C(1) << 40, (INT64_C(1) << 62) + 5, INT64_MAX},
	 UINT64_MAX,
	 "2mBsC7PSsr8fWDUobVeo9IUj5MlqPnJsjun4_nPQnHDemc0N10lBehIbLeVXgyAo"},
};

static struct position_key key_of(unsigned char first)
{
	unsigned char secret[DM_POSITION_KEY_BYTES];
	struct position_key key;

	for (size_t i = 0; i < sizeof(secret); i++)
		secret[i] = (unsigned char)(first + i);
	position_key_set(&key, secret);
	return key;
}

static void check_position(const struct position_key *key, const char *text, struct dm_event_position wanted)
{
	struct dm_event_position got;

	assert_true(position_parse(key, span_from(text), &got));
	assert_true(got.transaction == wanted.transaction);
	assert_true(got.id == wanted.id);
	assert_true(got.mark == wanted.mark);
}

static void texts_are_those_of_the_standard(void **state)
{
	const struct position_key key = key_of(0);

	(void)state;
	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
		char text[POSITION_LENGTH + 1] = {0};

		position_seal(&key, &known[i].position, known[i].salt, text);
		assert_string_equal(text, known[i].text);
		check_position(&key, text, known[i].position);
	}
}

static void positions_from_before_are_parsed(void **state)
{
	const struct position_key key = key_of(0);

	(void)state;
	check_position(&key, "42-5577006791947779410", (struct dm_event_position){0, 42, INT64_C(5577006791947779410)});
	check_position(&key, "9223372036854775807-9223372036854775806-9223372036854775805",
		       (struct dm_event_position){INT64_MAX, INT64_MAX - 1, INT64_MAX - 2});
}

/* A digit of a text changes; the text of another key; spaces; another alphabet; more, fewer and none. */
static void others_are_refused(void **state)
{
	const struct position_key key = key_of(0), other = key_of(1);
	static const char *const wrong[] = {
		"",
		"-",
		"1",
		"1-",
		"a-b",
		"1-2-3-4",
		"9223372036854775808-1",
		"2mBsC7PSsr8fWDUobVeo9IUj5MlqPnJsjun4/nPQnHDemc0N10lBehIbLeVXgyAo",
		"2mBsC7PSsr8fWDUobVeo9IUj5MlqPnJsjun4_nPQnHDemc0N10lBehIbLeVXgyAo=",
		"2mBsC7PSsr8fWDUobVeo9IUj5MlqPnJsjun4_nPQnHDemc0N10lBehIbLeVXgy==",
		"2mBsC7PSsr8fWDUobVeo9IUj5MlqPnJsjun4_nPQnHDemc0N10lBehIbLeVXgyA",
		" mBsC7PSsr8fWDUobVeo9IUj5MlqPnJsjun4_nPQnHDemc0N10lBehIbLeVXgyAo",
		"                                                                ",
		"1111111111111111111111111111111-11111111111111111111111111111111",
	};
	struct dm_event_position got;
	char text[POSITION_LENGTH + 1];

	(void)state;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		assert_false(position_parse(&key, span_from(wrong[i]), &got));
	assert_false(position_parse(&other, span_from(known[1].text), &got));
	for (size_t i = 0; i < POSITION_LENGTH; i++) {
		memcpy(text, known[0].text, sizeof(text));
		text[i] = text[i] == 'A' ? 'B' : 'A';
		assert_false(position_parse(&key, span_from(text), &got));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(texts_are_those_of_the_standard),
		cmocka_unit_test(positions_from_before_are_parsed),
		cmocka_unit_test(others_are_refused),
	};

	return RUN_TESTS("position", tests);
}
