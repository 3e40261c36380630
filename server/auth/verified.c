/* SPDX-License-Identifier: MIT */
/* verified.c - which JWTs were verified. A token has a few places in a table, chosen by its digest. */
#include "verified.h"

#include <openssl/evp.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#define BUCKETS 2048
#define PLACES 4 /* of a bucket */
#define LOCKS 64
#define MAX_USER 160 /* bytes */

struct entry {
	unsigned char digest[VERIFIED_DIGEST];
	uint64_t generation; /* of the keys */
	int64_t expires_at;  /* 0: the place is free */
	unsigned char user_length;
	char user[MAX_USER];
};

struct bucket {
	struct entry places[PLACES];
};

struct verified {
	EVP_MD *sha256; /* fetched once: that takes longer than a digest */
	pthread_mutex_t
		locks[LOCKS]; /* of the buckets whose number modulo LOCKS is theirs; held for a comparison or copy */
	struct bucket buckets[BUCKETS];
};

struct verified *verified_new(void)
{
	struct verified *verified = calloc(1, sizeof(*verified));

	if (!verified)
		return NULL;
	verified->sha256 = EVP_MD_fetch(NULL, "SHA256", NULL);
	for (size_t i = 0; i < LOCKS; i++)
		pthread_mutex_init(&verified->locks[i], NULL);
	if (verified->sha256)
		return verified;
	verified_free(verified);
	return NULL;
}

void verified_free(struct verified *verified)
{
	for (size_t i = 0; verified && i < LOCKS; i++)
		pthread_mutex_destroy(&verified->locks[i]);
	if (verified)
		EVP_MD_free(verified->sha256);
	free(verified);
}

bool verified_digest(const struct verified *verified, struct span token, unsigned char digest[VERIFIED_DIGEST])
{
	return EVP_Digest(token.data, token.length, digest, NULL, verified->sha256, NULL) == 1;
}

static size_t bucket_of(const unsigned char digest[VERIFIED_DIGEST])
{
	return ((size_t)digest[0] << 8 | digest[1]) % BUCKETS;
}

static const struct entry *find(const struct bucket *bucket, const unsigned char digest[VERIFIED_DIGEST],
				uint64_t generation, int64_t now)
{
	for (size_t i = 0; i < PLACES; i++) {
		const struct entry *entry = &bucket->places[i];

		if (entry->generation == generation && entry->expires_at + JWT_LEEWAY_US > now &&
		    memcmp(entry->digest, digest, VERIFIED_DIGEST) == 0)
			return entry;
	}
	return NULL;
}

bool verified_find(struct verified *verified, const unsigned char digest[VERIFIED_DIGEST], uint64_t generation,
		   int64_t now, struct arena *arena, struct jwt_claims *claims)
{
	size_t number = bucket_of(digest);
	const struct entry *entry;

	pthread_mutex_lock(&verified->locks[number % LOCKS]);
	entry = find(&verified->buckets[number], digest, generation, now);
	if (entry) {
		claims->expires_at = entry->expires_at;
		claims->user = arena_copy(arena, (struct span){entry->user, entry->user_length});
	}
	pthread_mutex_unlock(&verified->locks[number % LOCKS]);
	return entry != NULL;
}

/* When the place's token is good no more; one of other keys is already. */
static int64_t end_of(const struct entry *place, uint64_t generation)
{
	return place->generation == generation ? place->expires_at : 0;
}

/* The token's own place if two requests have verified it at once, else that of the token that expires first. */
static struct entry *choose(struct bucket *bucket, const unsigned char digest[VERIFIED_DIGEST], uint64_t generation)
{
	struct entry *chosen = &bucket->places[0];

	for (size_t i = 0; i < PLACES; i++) {
		struct entry *place = &bucket->places[i];

		if (memcmp(place->digest, digest, VERIFIED_DIGEST) == 0)
			return place;
		if (end_of(place, generation) < end_of(chosen, generation))
			chosen = place;
	}
	return chosen;
}

void verified_put(struct verified *verified, const unsigned char digest[VERIFIED_DIGEST], uint64_t generation,
		  const struct jwt_claims *claims)
{
	size_t number = bucket_of(digest);
	struct entry *entry;

	if (!claims->user.data || claims->user.length > MAX_USER)
		return;
	pthread_mutex_lock(&verified->locks[number % LOCKS]);
	entry = choose(&verified->buckets[number], digest, generation);
	memcpy(entry->digest, digest, VERIFIED_DIGEST);
	entry->generation = generation;
	entry->expires_at = claims->expires_at;
	entry->user_length = (unsigned char)claims->user.length;
	memcpy(entry->user, claims->user.data, claims->user.length);
	pthread_mutex_unlock(&verified->locks[number % LOCKS]);
}
