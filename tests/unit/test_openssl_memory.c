/* SPDX-License-Identifier: MIT */
/* test_openssl_memory.c - what OpenSSL gets while malloc has nothing, and what becomes of it. */
#include "unit.h"

#include "openssl_memory.h"
#include "signature.h"

#include <openssl/crypto.h>
#include <stdlib.h>
#include <string.h>

#define LARGE (1000 * 1000)
#define MANY 16

static bool has_none;

void *__real_malloc(size_t size);
void *__real_realloc(void *old, size_t size);
void *__wrap_malloc(size_t size);
void *__wrap_realloc(void *old, size_t size);

void *__wrap_malloc(size_t size)
{
	return has_none ? NULL : __real_malloc(size);
}

void *__wrap_realloc(void *old, size_t size)
{
	return has_none ? NULL : __real_realloc(old, size);
}

static void assert_all(const unsigned char *bytes, size_t count, int byte)
{
	for (size_t i = 0; i < count; i++)
		assert_int_equal(bytes[i], byte);
}

/* Gives how many large pieces the reserve has; they are released again. */
static size_t count_large(void)
{
	void *pieces[MANY];
	size_t count = 0;

	has_none = true;
	while (count < MANY && (pieces[count] = OPENSSL_malloc(LARGE)))
		count++;
	has_none = false;
	for (size_t i = 0; i < count; i++)
		OPENSSL_free(pieces[i]);
	return count;
}

static void the_reserve_is_whole_again_when_all_is_released(void **state)
{
	size_t count = count_large();

	(void)state;
	assert_in_range(count, 1, MANY - 1);
	assert_int_equal(count_large(), count);
}

/* OpenSSL keeps what it sets up. Together the large ones are more than the reserve has. */
static void a_piece_that_is_kept_holds_back_no_other(void **state)
{
	unsigned char *kept[MANY];

	(void)state;
	for (size_t i = 0; i < MANY; i++) {
		void *large;

		has_none = true;
		large = OPENSSL_malloc(LARGE);
		kept[i] = OPENSSL_malloc(100);
		has_none = false;
		assert_non_null(large);
		assert_non_null(kept[i]);
		memset(large, 0xff, LARGE);
		memset(kept[i], (int)i, 100);
		OPENSSL_free(large);
	}
	for (size_t i = 0; i < MANY; i++) {
		assert_all(kept[i], 100, (int)i);
		OPENSSL_free(kept[i]);
	}
}

static void what_is_resized_keeps_its_bytes(void **state)
{
	unsigned char *memory = OPENSSL_malloc(100);

	(void)state;
	memset(memory, 7, 100);
	has_none = true;
	memory = OPENSSL_realloc(memory, 5000); /* from malloc into the reserve */
	assert_non_null(memory);
	assert_all(memory, 100, 7);
	memset(memory, 8, 5000);
	memory = OPENSSL_realloc(memory, 6000); /* within it */
	assert_non_null(memory);
	assert_all(memory, 5000, 8);
	has_none = false;
	memory = OPENSSL_realloc(memory, 50); /* and back */
	assert_non_null(memory);
	assert_all(memory, 50, 8);
	has_none = true;
	assert_null(OPENSSL_realloc(memory, SIZE_MAX)); /* too much for any; the old one is as it was */
	has_none = false;
	assert_all(memory, 50, 8);
	assert_null(OPENSSL_realloc(memory, 0));
}

static void openssl_sets_itself_up_without_memory(void **state)
{
	char signature[SIGNATURE_SIZE];

	(void)state;
	has_none = true;
	assert_true(signature_make(SPAN("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"), SPAN("msg_1"), 1614265330,
				   SPAN("{\"test\": 2432232314}"), signature));
	has_none = false;
	assert_true(signature_make(SPAN("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"), SPAN("msg_1"), 1614265330,
				   SPAN("{\"test\": 2432232314}"), signature));
}

int main(void)
{
	/* The last one's pieces of the reserve stay in use. */
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_reserve_is_whole_again_when_all_is_released),
		cmocka_unit_test(a_piece_that_is_kept_holds_back_no_other),
		cmocka_unit_test(what_is_resized_keeps_its_bytes),
		cmocka_unit_test(openssl_sets_itself_up_without_memory),
	};

	openssl_memory_begin();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
