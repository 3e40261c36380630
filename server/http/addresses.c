/* SPDX-License-Identifier: MIT */
/* addresses.c - how many connections each address has. */
#include "addresses.h"

#include "random.h"

#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

struct address_count {
	struct address_count *next;
	uint8_t bytes[16];
	size_t connections;
};

void addresses_init(struct addresses *addresses, size_t max)
{
	addresses->max = max;
	if (!random_bytes(&addresses->seed, sizeof(addresses->seed)))
		addresses->seed = (uint64_t)(uintptr_t)addresses;
	pthread_mutex_init(&addresses->mutex, NULL);
}

void addresses_release(struct addresses *addresses)
{
	pthread_mutex_destroy(&addresses->mutex);
}

static bool copy_address(const struct sockaddr *from, socklen_t length, uint8_t bytes[16])
{
	memset(bytes, 0, 16);
	if (from->sa_family == AF_INET && length >= sizeof(struct sockaddr_in)) {
		memcpy(bytes, &((const struct sockaddr_in *)from)->sin_addr, 4);
		return true;
	}
	if (from->sa_family == AF_INET6 && length >= sizeof(struct sockaddr_in6)) {
		const struct in6_addr *address = &((const struct sockaddr_in6 *)from)->sin6_addr;

		if (IN6_IS_ADDR_V4MAPPED(address))
			memcpy(bytes, address->s6_addr + 12, 4);
		else
			memcpy(bytes + 8, address->s6_addr, 8);
		return true;
	}
	return false;
}

/* The seed is secret: a client that chooses its addresses can't choose their buckets. */
static struct address_count **bucket_of(struct addresses *addresses, const uint8_t bytes[16])
{
	uint64_t hash = addresses->seed;

	for (size_t i = 0; i < 16; i++) {
		hash = (hash ^ bytes[i]) * UINT64_C(0x9E3779B97F4A7C15);
		hash ^= hash >> 29;
	}
	return &addresses->buckets[hash % ADDRESS_BUCKETS];
}

/* The link to the address's count, or to where that belongs. */
static struct address_count **find(struct addresses *addresses, const uint8_t bytes[16])
{
	struct address_count **place = bucket_of(addresses, bytes);

	while (*place && memcmp((*place)->bytes, bytes, 16) != 0)
		place = &(*place)->next;
	return place;
}

/* Without memory the connection is not counted: a rare failure must not turn clients away. */
static bool count(struct addresses *addresses, struct address *address)
{
	struct address_count **place = find(addresses, address->bytes);

	if (*place && (*place)->connections >= addresses->max)
		return false;
	if (!*place) {
		*place = calloc(1, sizeof(**place));
		if (!*place)
			return true;
		memcpy((*place)->bytes, address->bytes, 16);
	}
	(*place)->connections++;
	address->is_counted = true;
	return true;
}

bool addresses_enter(struct addresses *addresses, const struct sockaddr *from, socklen_t length,
		     struct address *counted)
{
	bool may;

	*counted = (struct address){.is_counted = false};
	if (addresses->max == 0 || !copy_address(from, length, counted->bytes))
		return true;
	pthread_mutex_lock(&addresses->mutex);
	may = count(addresses, counted);
	pthread_mutex_unlock(&addresses->mutex);
	return may;
}

void addresses_leave(struct addresses *addresses, const struct address *counted)
{
	struct address_count **place, *found;

	if (!counted->is_counted)
		return;
	pthread_mutex_lock(&addresses->mutex);
	place = find(addresses, counted->bytes);
	found = *place;
	if (found && --found->connections == 0) {
		*place = found->next;
		free(found);
	}
	pthread_mutex_unlock(&addresses->mutex);
}
