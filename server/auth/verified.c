/* SPDX-License-Identifier: MIT */
/* verified.c - which JWTs were verified. A token has a few places in a table, chosen by the end of its signature. */
#include "verified.h"

#include "jws.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#define BUCKET_BITS 11
#define BUCKETS (1 << BUCKET_BITS)
#define PLACES 4                        /* of a bucket */
#define MAX_BUCKET_BYTES JWS_MAX_LENGTH /* of the tokens in it: one of the longest, or four of a quarter */
#define LOCKS 64
#define MAX_USER 160 /* bytes */

struct entry {
	uint64_t end;        /* of the signature: who doesn't know it learns nothing from how long comparing takes */
	uint64_t generation; /* of the keys */
	int64_t expires_at;
	size_t token_length, user_length;
	char text[]; /* the token, then the user */
};

struct bucket {
	struct entry *places[PLACES]; /* NULL: free */
};

struct verified {
	pthread_mutex_t
		locks[LOCKS]; /* of the buckets whose number modulo LOCKS is theirs; held for a comparison or copy */
	struct bucket buckets[BUCKETS];
};

struct verified *verified_new(void)
{
	struct verified *verified = calloc(1, sizeof(*verified));

	for (size_t i = 0; verified && i < LOCKS; i++)
		pthread_mutex_init(&verified->locks[i], NULL);
	return verified;
}

void verified_free(struct verified *verified)
{
	if (!verified)
		return;
	for (size_t i = 0; i < BUCKETS; i++)
		for (size_t place = 0; place < PLACES; place++)
			free(verified->buckets[i].places[place]);
	for (size_t i = 0; i < LOCKS; i++)
		pthread_mutex_destroy(&verified->locks[i]);
	free(verified);
}

/* The last bytes of a token, which are of its signature and so differ. 0: it is too short to be one. */
static uint64_t end_of(struct span token)
{
	uint64_t end = 0;

	if (token.length >= sizeof(end))
		memcpy(&end, token.data + token.length - sizeof(end), sizeof(end));
	return end;
}

/* The multiplier spreads neighbours over the high bits (Knuth's multiplicative hash). */
static size_t bucket_of(uint64_t end)
{
	return (size_t)(end * UINT64_C(0x9e3779b97f4a7c15) >> (64 - BUCKET_BITS));
}

static bool is_of(const struct entry *entry, uint64_t end, struct span token)
{
	return entry && entry->end == end && entry->token_length == token.length &&
	       memcmp(entry->text, token.data, token.length) == 0;
}

static const struct entry *find(const struct bucket *bucket, uint64_t end, struct span token, uint64_t generation,
				int64_t now)
{
	for (size_t i = 0; i < PLACES; i++) {
		const struct entry *entry = bucket->places[i];

		if (is_of(entry, end, token))
			return entry->generation == generation && entry->expires_at + JWT_LEEWAY_US > now ? entry
													  : NULL;
	}
	return NULL;
}

bool verified_find(struct verified *verified, struct span token, uint64_t generation, int64_t now, struct arena *arena,
		   struct jwt_claims *claims)
{
	uint64_t end = end_of(token);
	size_t number = bucket_of(end);
	const struct entry *entry;

	pthread_mutex_lock(&verified->locks[number % LOCKS]);
	entry = find(&verified->buckets[number], end, token, generation, now);
	if (entry) {
		claims->expires_at = entry->expires_at;
		claims->user = arena_copy(arena, (struct span){entry->text + entry->token_length, entry->user_length});
	}
	pthread_mutex_unlock(&verified->locks[number % LOCKS]);
	return entry != NULL;
}

/* When the token is good no more; one of other keys is already. */
static int64_t expiry_of(const struct entry *entry, uint64_t generation)
{
	return entry && entry->generation == generation ? entry->expires_at : 0;
}

/* The token's own place if two requests have verified it at once, else that of the token that expires first. */
static struct entry **choose(struct bucket *bucket, const struct entry *entry)
{
	const struct span token = {entry->text, entry->token_length};
	struct entry **chosen = &bucket->places[0];

	for (size_t i = 0; i < PLACES; i++) {
		struct entry **place = &bucket->places[i];

		if (is_of(*place, entry->end, token))
			return place;
		if (expiry_of(*place, entry->generation) < expiry_of(*chosen, entry->generation))
			chosen = place;
	}
	return chosen;
}

static void forget(struct entry **place)
{
	free(*place);
	*place = NULL;
}

static size_t bytes_in(const struct bucket *bucket)
{
	size_t bytes = 0;

	for (size_t i = 0; i < PLACES; i++)
		bytes += bucket->places[i] ? bucket->places[i]->token_length : 0;
	return bytes;
}

/* Owns the entry. */
static void put(struct bucket *bucket, struct entry *entry)
{
	struct entry **place = choose(bucket, entry);

	forget(place);
	*place = entry;
	for (size_t i = 0; i < PLACES && bytes_in(bucket) > MAX_BUCKET_BYTES; i++)
		if (&bucket->places[i] != place)
			forget(&bucket->places[i]);
}

void verified_put(struct verified *verified, struct span token, uint64_t generation, const struct jwt_claims *claims)
{
	uint64_t end = end_of(token);
	size_t number = bucket_of(end);
	struct entry *entry;

	if (!claims->user.data || claims->user.length > MAX_USER || token.length > MAX_BUCKET_BYTES)
		return;
	entry = malloc(sizeof(*entry) + token.length + claims->user.length);
	if (!entry)
		return;
	*entry = (struct entry){.end = end,
				.generation = generation,
				.expires_at = claims->expires_at,
				.token_length = token.length,
				.user_length = claims->user.length};
	memcpy(entry->text, token.data, token.length);
	memcpy(entry->text + token.length, claims->user.data, claims->user.length);
	pthread_mutex_lock(&verified->locks[number % LOCKS]);
	put(&verified->buckets[number], entry);
	pthread_mutex_unlock(&verified->locks[number % LOCKS]);
}
