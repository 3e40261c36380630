/* SPDX-License-Identifier: MIT */
/* addresses.h - how many connections each address has. */
#ifndef ADDRESSES_H
#define ADDRESSES_H

#include "attributes.h"

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

#define ADDRESS_BUCKETS 4096

struct address {
	bool is_counted;
	uint8_t bytes[16];
};

struct address_count;

struct addresses {
	size_t max; /* connections of one address; 0: no limit */
	uint64_t seed;
	pthread_mutex_t mutex;
	struct address_count *buckets[ADDRESS_BUCKETS];
};

void addresses_init(struct addresses *addresses, size_t max);
void addresses_release(struct addresses *addresses);

/* Counts one more connection of the address, which is noted in `counted`. False: the address has as many as it may. An
 * IPv6 address stands for its /64 network, all of which one client may have. Clients of a Unix socket are not counted.
 */
MUST_CHECK bool addresses_enter(struct addresses *addresses, const struct sockaddr *from, socklen_t length,
				struct address *counted);

/* The connection has ended. */
void addresses_leave(struct addresses *addresses, const struct address *counted);

#endif
