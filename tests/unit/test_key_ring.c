/* SPDX-License-Identifier: MIT */
/* test_key_ring.c - keys of JWTs that are replaced while tokens are verified by them. */
#include "bearer.h"
#include "key_ring.h"

#include "unit.h"

#include <pthread.h>
#include <stdatomic.h>

/* HS256 of {"sub":"1","exp":253402300799} by each of the secrets. */
#define TOKEN(signature) "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIiwiZXhwIjoyNTM0MDIzMDA3OTl9." signature

static const char *const secrets[] = {"the first secret of this test, 50 characters long!",
				      "the other secret of this test, 50 characters long!"};
static const char *const tokens[] = {TOKEN("nI_Tj314EVPMDW7VoLgyDTWfaWdy2FEdKRC1YdW1RtI"),
				     TOKEN("ueep9StKcPxoKbd61OdhZYZaUzzt-eLEGjhnXvJZ_eY")};

static void fill(struct jwt_keys *keys, size_t which)
{
	*keys = (struct jwt_keys){0};
	assert_int_equal(jwt_keys_add_secret(keys, span_from(secrets[which]), NULL, NULL), JWT_KEY_ADDED);
}

static struct bearer *make_bearer(size_t which)
{
	struct jwt_keys keys;
	struct bearer *bearer;

	fill(&keys, which);
	bearer = bearer_new(&(struct bearer_options){.keys = &keys, .rules = {.claim = "sub"}});
	assert_non_null(bearer);
	return bearer;
}

static bool is_good(struct bearer *bearer, size_t which)
{
	struct credential credential;
	struct arena arena = {0};
	const char *refusal;
	enum scheme_result result = bearer_read(bearer, span_from(tokens[which]), &arena, &credential, &refusal);

	assert_true(result == SCHEME_READ || result == SCHEME_REFUSED);
	assert_true(result == SCHEME_REFUSED || credential.user_id == 1);
	arena_release(&arena);
	return result == SCHEME_READ;
}

static void a_token_is_forgotten_with_its_key(void **state)
{
	struct bearer *bearer = make_bearer(0);
	struct jwt_keys keys;

	(void)state;
	for (int i = 0; i < 2; i++) { /* the second time it is remembered */
		assert_true(is_good(bearer, 0));
		assert_false(is_good(bearer, 1));
	}
	fill(&keys, 1);
	assert_true(bearer_replace_keys(bearer, &keys));
	assert_int_equal(keys.count, 0);
	for (int i = 0; i < 2; i++) {
		assert_false(is_good(bearer, 0));
		assert_true(is_good(bearer, 1));
	}
	bearer_free(bearer);
}

static void sources_have_sets_of_their_own(void **state)
{
	struct key_ring *ring = key_ring_new();
	struct keys_in_force old, keys;
	struct jwt_keys added;

	(void)state;
	assert_non_null(ring);
	for (size_t i = 0; i < KEY_SOURCES; i++) {
		key_ring_borrow(ring, &keys);
		assert_int_equal(keys_of(&keys, KEYS_OF_URL)->count, 0);
		key_ring_return(&keys);
		fill(&added, i);
		assert_true(key_ring_replace(ring, (enum key_source)i, &added));
	}
	key_ring_borrow(ring, &old);
	fill(&added, 1);
	assert_int_equal(jwt_keys_add_secret(&added, span_from(secrets[0]), NULL, NULL), JWT_KEY_ADDED);
	assert_true(key_ring_replace(ring, KEYS_OF_URL, &added));
	key_ring_borrow(ring, &keys);
	assert_true(keys.generation > old.generation);
	assert_int_equal(key_ring_generation(ring), keys.generation);
	assert_int_equal(keys_of(&old, KEYS_OF_URL)->count, 1); /* who holds it keeps it */
	assert_int_equal(keys_of(&keys, KEYS_OF_URL)->count, 2);
	assert_ptr_equal(keys_of(&old, KEYS_OF_SETTINGS), keys_of(&keys, KEYS_OF_SETTINGS));
	key_ring_free(ring);
	assert_string(keys_of(&keys, KEYS_OF_URL)->items[1].secret, secrets[0]);
	key_ring_return(&keys);
	key_ring_return(&old);
}

static atomic_bool stopping;

/* Whether they are good changes all the time; that a key is freed under them must not happen. */
static void *verify(void *bearer)
{
	while (!atomic_load(&stopping))
		for (size_t i = 0; i < 2; i++)
			(void)is_good(bearer, i);
	return NULL;
}

static void keys_are_replaced_under_way(void **state)
{
	struct bearer *bearer = make_bearer(0);
	pthread_t threads[4];
	struct jwt_keys keys;

	(void)state;
	for (size_t i = 0; i < 4; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, verify, bearer), 0);
	for (size_t i = 1; i <= 2000; i++) {
		fill(&keys, i % 2);
		assert_true(bearer_replace_keys(bearer, &keys));
		assert_true(is_good(bearer, i % 2));
		assert_false(is_good(bearer, 1 - i % 2));
	}
	atomic_store(&stopping, true);
	for (size_t i = 0; i < 4; i++)
		pthread_join(threads[i], NULL);
	bearer_free(bearer);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_token_is_forgotten_with_its_key),
		cmocka_unit_test(sources_have_sets_of_their_own),
		cmocka_unit_test(keys_are_replaced_under_way),
	};

	return cmocka_run_group_tests_name("key_ring", tests, NULL, NULL);
}
