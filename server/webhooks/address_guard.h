/* SPDX-License-Identifier: MIT */
/* address_guard.h - which addresses webhooks may connect to: public ones, and those that the operator allows. */
#ifndef ADDRESS_GUARD_H
#define ADDRESS_GUARD_H

#include "attributes.h"
#include "span.h"

#include <sys/socket.h>

#define MAX_ALLOWED_RANGES 64

/* An IPv4 range is stored as ::ffff:a.b.c.d/n, so that both kinds are compared alike. */
struct address_range {
	unsigned char bytes[16];
	unsigned bits; /* how many leading bits of `bytes` are compared */
};

struct address_guard {
	struct address_range allowed[MAX_ALLOWED_RANGES]; /* beside public addresses */
	size_t allowed_count;
};

/* Parses a list with commas: CIDR ranges, addresses, and "private" for loopback, RFC 1918, CGNAT and unique local
 * addresses. NULL and "" allow nothing more. False: not such a list, or too long. */
MUST_CHECK bool address_guard_parse(struct address_guard *guard, const char *list);

/* Whether the server may connect to the address. */
bool address_guard_allows(const struct address_guard *guard, const struct sockaddr *address);

#endif
