/* SPDX-License-Identifier: MIT */
/* test_utf8.c - UTF-8 against a model that decodes to code points, over all sequences of up to three bytes and more. */
#include "utf8.h"

#include "unit.h"

/* Decodes one character: how many bytes it has, 0 where there is none. By meaning, not by tables of bytes. */
static size_t model_character(const unsigned char *s, size_t left)
{
	static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
	size_t length = 0;
	uint32_t point;

	while (length < 8 && s[0] & 0x80 >> length)
		length++;
	if (length == 0)
		return 1;
	if (length == 1 || length > 4 || length > left)
		return 0;
	point = s[0] & (0x7Fu >> length);
	for (size_t i = 1; i < length; i++) {
		if (s[i] >> 6 != 2)
			return 0;
		point = point << 6 | (s[i] & 0x3Fu);
	}
	return point < least[length] || (point >= 0xD800 && point <= 0xDFFF) || point > 0x10FFFF ? 0 : length;
}

/* Characters in the text, or -1. */
static int model(const unsigned char *s, size_t length)
{
	int count = 0;

	for (size_t i = 0; i < length; count++) {
		size_t step = model_character(s + i, length - i);

		if (step == 0)
			return -1;
		i += step;
	}
	return count;
}

/* True where it is valid; fails where we and the model disagree. */
static bool agree(const unsigned char *s, size_t length)
{
	int count = model(s, length);
	bool valid = utf8_valid((const char *)s, length);

	if (valid != (count >= 0) || (valid && utf8_count((const char *)s, length) != (size_t)count))
		fail_msg("the model says %d of %zu bytes %02x %02x %02x %02x", count, length, s[0], s[1], s[2], s[3]);
	return valid;
}

/* The known numbers: of one byte 128, of two 128*128 + 1920, of three 128^3 + 2*128*1920 + 61440. */
static void all_of_one_to_three_bytes(void **state)
{
	static const size_t known[] = {1, 128, 18304, 2650112};
	unsigned char s[4] = {0};

	(void)state;
	for (size_t length = 1; length <= 3; length++) {
		size_t valid = 0;

		for (uint32_t n = 0; n < 1u << 8 * length; n++) {
			s[0] = (unsigned char)n;
			s[1] = (unsigned char)(length > 1 ? n >> 8 : 0);
			s[2] = (unsigned char)(length > 2 ? n >> 16 : 0);
			valid += agree(s, length);
		}
		assert_int_equal(valid, known[length]);
	}
}

static void four_bytes_at_their_edges(void **state)
{
	static const unsigned char tails[] = {0x00, 0x7F, 0x80, 0xBF, 0xC0, 0xFF};
	unsigned char s[4];
	size_t valid = 0;

	(void)state;
	for (int lead = 0xE0; lead <= 0xFF; lead++)
		for (int second = 0; second <= 0xFF; second++)
			for (size_t i = 0; i < 36; i++) {
				s[0] = (unsigned char)lead;
				s[1] = (unsigned char)second;
				s[2] = tails[i / 6];
				s[3] = tails[i % 6];
				valid += agree(s, 4);
			}
	assert_true(valid > 0);
}

/* Long texts are looked at eight bytes at a time: the same sequence must be seen at each place of such a piece. */
static void wherever_it_stands(void **state)
{
	static const char *const good[] = {"\xC3\xA9", "\xE2\x82\xAC", "\xF0\x9F\x98\x80", "\xEF\xBF\xBF"};
	static const char *const bad[] = {"\x80",     "\xC3",         "\xE2\x82", "\xF0\x9F\x98",
					  "\xC0\x80", "\xED\xA0\x80", "\xFF"};
	char text[40];

	(void)state;
	for (size_t at = 0; at < 32; at++) {
		for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
			memset(text, 'a', sizeof(text));
			memcpy(text + at, good[i], strlen(good[i]));
			assert_true(utf8_valid(text, sizeof(text)));
			assert_true(utf8_valid(text, at + strlen(good[i])));
			assert_false(utf8_valid(text, at + strlen(good[i]) - 1));
			assert_int_equal(utf8_count(text, sizeof(text)), sizeof(text) - strlen(good[i]) + 1);
		}
		for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
			memset(text, 'a', sizeof(text));
			memcpy(text + at, bad[i], strlen(bad[i]));
			assert_false(utf8_valid(text, sizeof(text)));
			assert_false(utf8_valid(text, at + strlen(bad[i])));
			assert_true(utf8_valid(text, at));
		}
	}
}

static void nul_is_a_character_and_nothing_is_valid(void **state)
{
	(void)state;
	assert_true(utf8_valid("a\0b", 3));
	assert_int_equal(utf8_count("a\0b", 3), 3);
	assert_true(utf8_valid(NULL, 0));
	assert_int_equal(utf8_count(NULL, 0), 0);
}

static void latin1_becomes_its_code_points(void **state)
{
	struct buffer out;

	(void)state;
	for (unsigned c = 0; c < 256; c++) {
		char byte = (char)c;

		buffer_init(&out, 16);
		utf8_append_latin1(&out, (struct span){&byte, 1});
		assert_true(utf8_valid(out.data, out.length));
		assert_int_equal(utf8_count(out.data, out.length), 1);
		if (c < 0x80)
			assert_int_equal((unsigned char)out.data[0], c);
		else
			assert_int_equal(((unsigned char)out.data[0] & 0x1F) << 6 | ((unsigned char)out.data[1] & 0x3F),
					 c);
		buffer_release(&out);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(all_of_one_to_three_bytes),
		cmocka_unit_test(four_bytes_at_their_edges),
		cmocka_unit_test(wherever_it_stands),
		cmocka_unit_test(nul_is_a_character_and_nothing_is_valid),
		cmocka_unit_test(latin1_becomes_its_code_points),
	};

	return RUN_TESTS("utf8", tests);
}
