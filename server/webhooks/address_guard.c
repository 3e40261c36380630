/* SPDX-License-Identifier: MIT */
/* address_guard.c - which addresses webhooks may connect to. */
#include "address_guard.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

/* Only global unicast addresses are public. Addresses that embed an IPv4 address (NAT64, 6to4, Teredo) are not: they
 * may lead into the server's own network. Sources: IANA's special-purpose address registries. */
static const char public_ranges[] = "0.0.0.0/0,2000::/3";
static const char special_ranges[] = "0.0.0.0/8,10.0.0.0/8,100.64.0.0/10,127.0.0.0/8,169.254.0.0/16,172.16.0.0/12,"
				     "192.0.0.0/24,192.0.2.0/24,192.31.196.0/24,192.52.193.0/24,192.88.99.0/24,"
				     "192.168.0.0/16,192.175.48.0/24,198.18.0.0/15,198.51.100.0/24,203.0.113.0/24,"
				     "224.0.0.0/4,240.0.0.0/4,2001::/23,2001:db8::/32,2002::/16,2620:4f:8000::/48,"
				     "3fff::/20";

/* What "private" stands for. Link-local ranges must be named: the metadata services of clouds are there. */
static const char private_ranges[] = "127.0.0.0/8,10.0.0.0/8,172.16.0.0/12,192.168.0.0/16,100.64.0.0/10,::1/128,"
				     "fc00::/7";

static void copy_ipv4(unsigned char bytes[16], const void *address)
{
	memset(bytes, 0, 10);
	memset(bytes + 10, 0xFF, 2);
	memcpy(bytes + 12, address, 4);
}

static bool parse_range(struct span text, struct address_range *range)
{
	struct span rest = text, address = span_cut(&rest, '/');
	char name[INET6_ADDRSTRLEN];
	struct in_addr ipv4;
	int64_t bits;
	bool is_ipv4;

	if (address.length >= sizeof(name))
		return false;
	memcpy(name, address.data, address.length);
	name[address.length] = '\0';
	is_ipv4 = inet_pton(AF_INET, name, &ipv4) == 1;
	if (is_ipv4)
		copy_ipv4(range->bytes, &ipv4);
	else if (inet_pton(AF_INET6, name, range->bytes) != 1)
		return false;
	bits = is_ipv4 ? 32 : 128;
	if (rest.data && (!span_to_int64(rest, &bits) || bits > (is_ipv4 ? 32 : 128)))
		return false;
	range->bits = (unsigned)bits + (is_ipv4 ? 96 : 0);
	return true;
}

static bool is_in_range(const unsigned char bytes[16], const struct address_range *range)
{
	unsigned whole = range->bits / 8, rest = range->bits % 8;
	unsigned mask = 0xFF00U >> rest & 0xFF;

	return memcmp(bytes, range->bytes, whole) == 0 &&
	       (rest == 0 || ((bytes[whole] ^ range->bytes[whole]) & mask) == 0);
}

static bool is_in_list(const unsigned char bytes[16], const char *list)
{
	struct span rest = span_from(list);
	struct address_range range;

	while (rest.data)
		if (parse_range(span_cut(&rest, ','), &range) && is_in_range(bytes, &range))
			return true;
	return false;
}

static bool add_list(struct address_guard *guard, struct span list)
{
	while (list.data) {
		struct span one = span_trim(span_cut(&list, ','));

		if (span_equal(one, SPAN("private"))) {
			if (!add_list(guard, span_from(private_ranges)))
				return false;
		} else if (guard->allowed_count == MAX_ALLOWED_RANGES ||
			   !parse_range(one, &guard->allowed[guard->allowed_count++])) {
			return false;
		}
	}
	return true;
}

bool address_guard_parse(struct address_guard *guard, const char *list)
{
	*guard = (struct address_guard){.allowed_count = 0};
	return !list || !*list || add_list(guard, span_from(list));
}

bool address_guard_allows(const struct address_guard *guard, const struct sockaddr *address)
{
	unsigned char bytes[16];

	if (address->sa_family == AF_INET)
		copy_ipv4(bytes, &((const struct sockaddr_in *)(const void *)address)->sin_addr);
	else if (address->sa_family == AF_INET6)
		memcpy(bytes, &((const struct sockaddr_in6 *)(const void *)address)->sin6_addr, sizeof(bytes));
	else
		return false;
	for (size_t i = 0; i < guard->allowed_count; i++)
		if (is_in_range(bytes, &guard->allowed[i]))
			return true;
	return is_in_list(bytes, public_ranges) && !is_in_list(bytes, special_ranges);
}
