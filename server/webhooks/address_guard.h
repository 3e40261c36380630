/* SPDX-License-Identifier: MIT */
/* address_guard.h - which addresses an endpoint may have: none of the server's own network, unless they were allowed.
 */
#ifndef ADDRESS_GUARD_H
#define ADDRESS_GUARD_H

#include "attributes.h"
#include "span.h"

#include <sys/socket.h>

#define ADDRESS_RANGES_MOST 64

/* An IPv4 address is kept as ::ffff:a.b.c.d, so that there is one comparison for both. */
struct address_range {
	unsigned char bytes[16];
	unsigned bits; /* of `bytes`, from the left, that count */
};

struct address_guard {
	struct address_range allowed[ADDRESS_RANGES_MOST]; /* beside what is public */
	size_t allowed_count;
};

/* Reads a list with commas: CIDR ranges, addresses, and "private" for loopback, RFC 1918, CGNAT and unique local
 * addresses. NULL and "" allow nothing more. False where the list can't be read or is too long. */
MUST_CHECK bool address_guard_read(struct address_guard *guard, const char *list);

/* Whether a connection to the address may be made. */
bool address_guard_allows(const struct address_guard *guard, const struct sockaddr *address);

#endif
