/* SPDX-License-Identifier: MIT */
/* test_address_guard.c - which addresses an endpoint may have. */
#include "unit.h"

#include "address_guard.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/un.h>

static bool allows(const struct address_guard *guard, const char *text)
{
	struct sockaddr_in6 ipv6 = {.sin6_family = AF_INET6};
	struct sockaddr_in ipv4 = {.sin_family = AF_INET};

	if (inet_pton(AF_INET, text, &ipv4.sin_addr) == 1)
		return address_guard_allows(guard, (const struct sockaddr *)&ipv4);
	assert_int_equal(inet_pton(AF_INET6, text, &ipv6.sin6_addr), 1);
	return address_guard_allows(guard, (const struct sockaddr *)&ipv6);
}

static void check(const char *list, bool wanted, const char *const addresses[], size_t count)
{
	struct address_guard guard;

	assert_true(address_guard_parse(&guard, list));
	for (size_t i = 0; i < count; i++)
		if (allows(&guard, addresses[i]) != wanted)
			fail_msg("%s with '%s': %s", addresses[i], list ? list : "", wanted ? "refused" : "allowed");
}

#define CHECK(list, wanted, ...) \
	check(list, wanted, (const char *const[]){__VA_ARGS__}, \
	      sizeof((const char *const[]){__VA_ARGS__}) / sizeof(const char *))

static void public_addresses_are_allowed(void **state)
{
	(void)state;
	CHECK(NULL, true, "1.1.1.1", "8.8.8.8", "9.255.255.255", "11.0.0.0", "100.63.255.255", "100.128.0.0",
	      "126.255.255.255", "128.0.0.0", "169.253.255.255", "169.255.0.0", "172.15.255.255", "172.32.0.0",
	      "192.167.255.255", "192.169.0.0", "198.17.255.255", "198.20.0.0", "223.255.255.255",
	      "2606:4700:4700::1111", "2a00:1450:4001:81b::200e", "3ffe::1", "::ffff:8.8.8.8");
}

static void the_own_network_is_refused(void **state)
{
	(void)state;
	CHECK("", false, "0.0.0.0", "0.1.2.3", "10.0.0.1", "10.255.255.255", "100.64.0.1", "100.127.255.255",
	      "127.0.0.1", "127.255.255.255", "169.254.0.1", "169.254.169.254", "172.16.0.1", "172.31.255.255",
	      "192.168.0.1", "192.168.255.255", "::1", "::", "fe80::1", "febf::1", "fec0::1", "fc00::1",
	      "fdff:ffff::1");
}

static void special_addresses_are_refused(void **state)
{
	(void)state;
	CHECK(NULL, false, "192.0.0.8", "192.0.2.1", "192.88.99.1", "198.18.0.1", "198.19.255.255", "198.51.100.1",
	      "203.0.113.1", "224.0.0.1", "239.255.255.255", "240.0.0.1", "255.255.255.255", "ff02::1", "ff0e::1",
	      "2001:db8::1", "2001::1", "2001:10::1", "3fff::1", "100::1", "5f00::1", "4000::1");
}

static void private_addresses_in_disguise_are_refused(void **state)
{
	(void)state;
	/* Mapped, compatible, NAT64 (well known and local), 6to4, Teredo. */
	CHECK(NULL, false, "::ffff:127.0.0.1", "::ffff:10.1.2.3", "::ffff:169.254.169.254", "::127.0.0.1",
	      "64:ff9b::10.0.0.1", "64:ff9b::8.8.8.8", "64:ff9b:1::10.0.0.1", "2002:7f00:1::1", "2002:a00:1::1",
	      "2001:0:5ef5:79fb::1");
}

static void private_allows_what_it_says(void **state)
{
	(void)state;
	CHECK("private", true, "127.0.0.1", "10.1.2.3", "172.16.0.1", "192.168.1.1", "100.64.0.1", "::1", "fd00::1",
	      "::ffff:127.0.0.1", "8.8.8.8");
	CHECK("private", false, "169.254.169.254", "fe80::1", "0.0.0.0", "::", "224.0.0.1", "255.255.255.255");
}

static void ranges_allow_what_is_within(void **state)
{
	(void)state;
	CHECK("10.1.0.0/16, 192.168.7.9,fd12::/16", true, "10.1.0.0", "10.1.255.255", "192.168.7.9", "fd12::1",
	      "fd12:ffff::1");
	CHECK("10.1.0.0/16, 192.168.7.9,fd12::/16", false, "10.0.255.255", "10.2.0.0", "192.168.7.8", "192.168.7.10",
	      "fd13::1", "127.0.0.1");
	CHECK("10.0.0.128/25", true, "10.0.0.128", "10.0.0.255");
	CHECK("10.0.0.128/25", false, "10.0.0.127", "10.0.1.128");
	CHECK("private,169.254.0.0/16", true, "169.254.169.254", "127.0.0.1");
	CHECK("0.0.0.0/0", true, "127.0.0.1", "255.255.255.255");
	CHECK("0.0.0.0/0", false, "::1");
	CHECK("::/0", true, "::1", "127.0.0.1");
}

static void lists_that_make_no_sense_are_refused(void **state)
{
	static const char *const bad[] = {"privat",    "10.0.0.0/33", "::/129",    "10.0.0/8",
					  "10.0.0.0/", "10.0.0.0/-1", ",",         "private,",
					  " ",         "example.org", "1.2.3.4.5", "10.0.0.0/8/8"};
	char many[MAX_ALLOWED_RANGES * 9 + 9] = "10.0.0.1";
	struct address_guard guard;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		if (address_guard_parse(&guard, bad[i]))
			fail_msg("'%s' was read", bad[i]);
	for (size_t i = 1; i < MAX_ALLOWED_RANGES; i++)
		strcat(many, ",10.0.0.1");
	assert_true(address_guard_parse(&guard, many));
	strcat(many, ",::1");
	assert_false(address_guard_parse(&guard, many));
}

static void other_families_are_refused(void **state)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	struct address_guard guard;

	(void)state;
	assert_true(address_guard_parse(&guard, "::/0"));
	assert_false(address_guard_allows(&guard, (const struct sockaddr *)&address));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(public_addresses_are_allowed),
		cmocka_unit_test(the_own_network_is_refused),
		cmocka_unit_test(special_addresses_are_refused),
		cmocka_unit_test(private_addresses_in_disguise_are_refused),
		cmocka_unit_test(private_allows_what_it_says),
		cmocka_unit_test(ranges_allow_what_is_within),
		cmocka_unit_test(lists_that_make_no_sense_are_refused),
		cmocka_unit_test(other_families_are_refused),
	};

	return RUN_TESTS("address_guard", tests);
}
