/* SPDX-License-Identifier: MIT */
/* test_cursor.c - cursors, read as Python and Django REST Framework read them, and written as they write them. */
#include "cursor.h"

#include "unit.h"

#include <openssl/evp.h>

#define NOON INT64_C(1749211200123456)

/* Decodes the base64 of a text. */
static bool decode(const char *text, enum cursor_kind kind, struct dm_page *page)
{
	struct arena arena = {0};
	char base64[400];
	bool decoded;

	assert_in_range(strlen(text), 0, 200);
	EVP_EncodeBlock((unsigned char *)base64, (const unsigned char *)text, (int)strlen(text));
	*page = (struct dm_page){.limit = 51};
	decoded = cursor_decode(span_from(base64), kind, &arena, page);
	arena_release(&arena);
	return decoded;
}

static void check_page(struct dm_page got, struct dm_page wanted)
{
	assert_int_equal(got.reverse, wanted.reverse);
	assert_int_equal(got.has_position, wanted.has_position);
	assert_true(got.position == wanted.position);
	assert_int_equal(got.row_id, wanted.row_id);
	assert_int_equal(got.offset, wanted.offset);
	assert_int_equal(got.limit, 51);
}

static void tokens_are_read(void **state)
{
	struct dm_page page;

	(void)state;
	assert_true(decode("", CURSOR_TIME, &page));
	check_page(page, (struct dm_page){0});
	assert_true(decode("o=3&r=1&p=2025-06-06+12%3A00%3A00.123456%2B00%3A00&i=7", CURSOR_TIME, &page));
	check_page(page,
		   (struct dm_page){.offset = 3, .reverse = true, .has_position = true, .position = NOON, .row_id = 7});
	assert_true(decode("p=42&i=7", CURSOR_ID, &page));
	check_page(page, (struct dm_page){.has_position = true, .position = 42});
	assert_true(decode("p=-42&r=0&x=1", CURSOR_ID, &page));
	check_page(page, (struct dm_page){.has_position = true, .position = -42});
	assert_true(decode("o=1000000&o=2", CURSOR_ID, &page));
	check_page(page, (struct dm_page){.offset = 1000});
}

static void what_is_no_cursor_is_refused(void **state)
{
	static const char *const times[] = {
		"p=x", "p=42", "o=x", "o=-1", "o=", "r=x", "r=", "i=x", "o=99999999999999999999", "p=", "\xff"};
	static const char *const raw[] = {"A", "AAA", "cD0", "cD0x\xc3\xbc"};
	struct dm_page page;
	struct arena arena = {0};

	(void)state;
	for (size_t i = 0; i < sizeof(times) / sizeof(times[0]); i++)
		if (decode(times[i], CURSOR_TIME, &page))
			fail_msg("'%s' was read", times[i]);
	assert_false(decode("p=2025-06-06", CURSOR_ID, &page));
	for (size_t i = 0; i < sizeof(raw) / sizeof(raw[0]); i++)
		assert_false(cursor_decode(span_from(raw[i]), CURSOR_TIME, &arena, &page));
	arena_release(&arena);
}

static void base64_is_read_as_python_reads_it(void **state)
{
	/* "o=12": characters of no meaning are passed over, what follows the padding is not looked at. */
	static const char *const forms[] = {"bz0xMg==", "bz0x Mg==", "b-z_0xMg==", "bz0xMg==zzz"};
	struct arena arena = {0};

	(void)state;
	for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
		struct dm_page page = {.limit = 51};

		assert_true(cursor_decode(span_from(forms[i]), CURSOR_ID, &arena, &page));
		check_page(page, (struct dm_page){.offset = 12});
	}
	arena_release(&arena);
}

static void check_written(struct dm_page place, enum cursor_kind kind, const char *wanted)
{
	unsigned char text[256];
	struct buffer out;
	int length;

	buffer_init(&out, SIZE_MAX);
	cursor_encode(&out, &place, kind);
	assert_false(out.failed);
	assert_int_equal(out.length, (strlen(wanted) + 2) / 3 * 4);
	buffer_append_char(&out, '\0');
	length = EVP_DecodeBlock(text, (unsigned char *)out.data, (int)out.length - 1);
	assert_true(length >= (int)strlen(wanted));
	assert_memory_equal(text, wanted, strlen(wanted));
	buffer_release(&out);
}

static void tokens_are_written_in_their_order(void **state)
{
	(void)state;
	check_written((struct dm_page){0}, CURSOR_ID, "");
	check_written((struct dm_page){.offset = 50}, CURSOR_ID, "o=50");
	check_written((struct dm_page){.reverse = true, .has_position = true, .position = 7}, CURSOR_ID, "r=1&p=7");
	check_written(
		(struct dm_page){.offset = 2, .reverse = true, .has_position = true, .position = NOON, .row_id = 9},
		CURSOR_TIME, "o=2&r=1&p=2025-06-06+12%3A00%3A00.123456%2B00%3A00&i=9");
	check_written((struct dm_page){.has_position = true, .position = NOON - 123456}, CURSOR_TIME,
		      "p=2025-06-06+12%3A00%3A00%2B00%3A00");
}

static void what_is_written_reads_back(void **state)
{
	uint64_t random = 1;

	(void)state;
	for (int i = 0; i < 20000; i++) {
		enum cursor_kind kind = i % 2 ? CURSOR_TIME : CURSOR_ID;
		struct dm_page place = {.reverse = next_random(&random) % 2,
					.has_position = next_random(&random) % 2,
					.offset = next_random(&random) % 1001,
					.limit = 51};
		struct dm_page back = {.limit = 51};
		struct arena arena = {0};
		struct buffer out;

		if (place.has_position)
			place.position = (int64_t)(next_random(&random) % UINT64_C(200000000000000000));
		if (kind == CURSOR_TIME)
			place.row_id = (int64_t)(next_random(&random) % 1000);
		buffer_init(&out, SIZE_MAX);
		cursor_encode(&out, &place, kind);
		assert_true(cursor_decode(buffer_span(&out), kind, &arena, &back));
		check_page(back, place);
		buffer_release(&out);
		arena_release(&arena);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(tokens_are_read),
		cmocka_unit_test(what_is_no_cursor_is_refused),
		cmocka_unit_test(base64_is_read_as_python_reads_it),
		cmocka_unit_test(tokens_are_written_in_their_order),
		cmocka_unit_test(what_is_written_reads_back),
	};

	return RUN_TESTS("cursor", tests);
}
