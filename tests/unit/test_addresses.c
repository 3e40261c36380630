/* SPDX-License-Identifier: MIT */
/* test_addresses.c - how many connections an address may have, and what counts as one. */
#include "addresses.h"

#include "unit.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/un.h>

struct peer {
	struct sockaddr_storage name;
	socklen_t length;
};

static struct peer peer_of(const char *text)
{
	struct peer peer = {.length = sizeof(struct sockaddr_in6)};
	struct sockaddr_in *four = (struct sockaddr_in *)&peer.name;
	struct sockaddr_in6 *six = (struct sockaddr_in6 *)&peer.name;

	if (inet_pton(AF_INET, text, &four->sin_addr) == 1) {
		four->sin_family = AF_INET;
		peer.length = sizeof(*four);
		return peer;
	}
	assert_int_equal(inet_pton(AF_INET6, text, &six->sin6_addr), 1);
	six->sin6_family = AF_INET6;
	return peer;
}

static bool enter(struct addresses *addresses, const char *text, struct address *counted)
{
	struct peer peer = peer_of(text);

	return addresses_enter(addresses, (struct sockaddr *)&peer.name, peer.length, counted);
}

static struct addresses *make(size_t most)
{
	struct addresses *addresses = calloc(1, sizeof(*addresses));

	assert_non_null(addresses);
	addresses_init(addresses, most);
	return addresses;
}

static void drop(struct addresses *addresses)
{
	addresses_release(addresses);
	free(addresses);
}

static void test_each_address_has_its_own_count(void **state)
{
	struct addresses *addresses = make(2);
	struct address one, two, other, refused;

	(void)state;
	assert_true(enter(addresses, "192.0.2.1", &one));
	assert_true(enter(addresses, "192.0.2.1", &two));
	assert_false(enter(addresses, "192.0.2.1", &refused));
	assert_true(enter(addresses, "192.0.2.2", &other));
	addresses_leave(addresses, &refused); /* it was not counted */
	assert_false(enter(addresses, "192.0.2.1", &refused));
	addresses_leave(addresses, &one);
	assert_true(enter(addresses, "192.0.2.1", &one));
	addresses_leave(addresses, &one);
	addresses_leave(addresses, &two);
	addresses_leave(addresses, &other);
	drop(addresses);
}

static void test_an_ipv6_network_counts_as_one(void **state)
{
	struct addresses *addresses = make(1);
	struct address one, other, refused;

	(void)state;
	assert_true(enter(addresses, "2001:db8:0:1::1", &one));
	assert_false(enter(addresses, "2001:db8:0:1:ffff::2", &refused));
	assert_true(enter(addresses, "2001:db8:0:2::1", &other));
	addresses_leave(addresses, &one);
	addresses_leave(addresses, &other);
	drop(addresses);
}

static void test_ipv4_is_the_same_within_ipv6(void **state)
{
	struct addresses *addresses = make(1);
	struct address one, other, refused;

	(void)state;
	assert_true(enter(addresses, "192.0.2.1", &one));
	assert_false(enter(addresses, "::ffff:192.0.2.1", &refused));
	assert_true(enter(addresses, "::ffff:192.0.2.2", &other));
	addresses_leave(addresses, &one);
	addresses_leave(addresses, &other);
	drop(addresses);
}

static void test_unix_sockets_and_no_limit_count_nothing(void **state)
{
	struct addresses *addresses = make(1), *without = make(0);
	const struct sockaddr_un name = {.sun_family = AF_UNIX};
	struct address counted;

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		assert_true(addresses_enter(addresses, (const struct sockaddr *)&name, sizeof(sa_family_t), &counted));
		assert_false(counted.is_counted);
		assert_true(enter(without, "192.0.2.1", &counted));
		assert_false(counted.is_counted);
	}
	drop(addresses);
	drop(without);
}

static void test_many_addresses_come_and_go(void **state)
{
	enum { MANY = 20000 };
	struct addresses *addresses = make(1);
	struct address *counted = calloc(MANY, sizeof(*counted)), refused;
	char text[32];

	(void)state;
	assert_non_null(counted);
	for (unsigned round = 0; round < 2; round++) {
		for (unsigned i = 0; i < MANY; i++) {
			snprintf(text, sizeof(text), "10.0.%u.%u", i / 250, i % 250);
			assert_true(enter(addresses, text, &counted[i]));
			assert_false(enter(addresses, text, &refused));
		}
		for (unsigned i = 0; i < MANY; i++)
			addresses_leave(addresses, &counted[i]);
	}
	for (size_t i = 0; i < ADDRESS_BUCKETS; i++)
		assert_null(addresses->buckets[i]);
	free(counted);
	drop(addresses);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_each_address_has_its_own_count),
		cmocka_unit_test(test_an_ipv6_network_counts_as_one),
		cmocka_unit_test(test_ipv4_is_the_same_within_ipv6),
		cmocka_unit_test(test_unix_sockets_and_no_limit_count_nothing),
		cmocka_unit_test(test_many_addresses_come_and_go),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
