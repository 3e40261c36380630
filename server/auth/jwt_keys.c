/* SPDX-License-Identifier: MIT */
/* jwt_keys.c - the keys that JWTs may be signed by. */
#include "jwt_keys.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>

#define MIN_RSA_BITS 2048
#define MAX_RSA_BITS 16384 /* what OpenSSL verifies by */

static void release_key(struct jwt_key *key)
{
	EVP_PKEY_free(key->public);
	if (key->secret.data)
		OPENSSL_cleanse((char *)key->secret.data, key->secret.length);
	free((char *)key->secret.data);
	free(key->kid);
	free(key->alg);
}

void jwt_keys_release(struct jwt_keys *keys)
{
	for (size_t i = 0; i < keys->count; i++)
		release_key(&keys->items[i]);
	keys->count = 0;
}

static bool copy_name(char **copy, const char *name)
{
	*copy = name ? strdup(name) : NULL;
	return *copy || !name;
}

/* Owns what `key` holds. */
static enum jwt_key_added add(struct jwt_keys *keys, struct jwt_key key, const char *kid, const char *alg)
{
	enum jwt_key_added added = JWT_KEY_ADDED;

	if (keys->count == JWT_MAX_KEYS)
		added = JWT_KEY_TOO_MANY;
	else if (!copy_name(&key.kid, kid) || !copy_name(&key.alg, alg))
		added = JWT_KEY_NO_MEMORY;
	if (added == JWT_KEY_ADDED)
		keys->items[keys->count++] = key;
	else
		release_key(&key);
	return added;
}

/* Whether the numbers of the key are such that a signature means something: an exponent of 1 would accept any. */
static bool is_sound(EVP_PKEY *public)
{
	EVP_PKEY_CTX *context = EVP_PKEY_CTX_new(public, NULL);
	bool sound = context && EVP_PKEY_public_check(context) == 1;

	EVP_PKEY_CTX_free(context);
	return sound;
}

static bool is_p256(const EVP_PKEY *public)
{
	char group[32] = "";
	size_t length;

	return EVP_PKEY_get_group_name(public, group, sizeof(group), &length) == 1 && strcmp(group, "prime256v1") == 0;
}

static bool find_type(EVP_PKEY *public, enum jwt_key_type *type)
{
	int bits = EVP_PKEY_get_bits(public);

	switch (EVP_PKEY_get_base_id(public)) {
	case EVP_PKEY_RSA:
		*type = JWT_KEY_RSA;
		return bits >= MIN_RSA_BITS && bits <= MAX_RSA_BITS && is_sound(public);
	case EVP_PKEY_EC:
		*type = JWT_KEY_P256;
		return is_p256(public) && is_sound(public);
	case EVP_PKEY_ED25519:
		*type = JWT_KEY_ED25519;
		return true;
	default:
		return false;
	}
}

enum jwt_key_added jwt_keys_add_public(struct jwt_keys *keys, EVP_PKEY *public, const char *kid, const char *alg)
{
	struct jwt_key key = {.public = public};

	if (find_type(public, &key.type))
		return add(keys, key, kid, alg);
	EVP_PKEY_free(public);
	return JWT_KEY_UNSUITABLE;
}

enum jwt_key_added jwt_keys_add_secret(struct jwt_keys *keys, struct span secret, const char *kid, const char *alg)
{
	struct jwt_key key = {.type = JWT_KEY_SECRET};
	char *copy;

	if (secret.length < JWT_MIN_SECRET)
		return JWT_KEY_UNSUITABLE;
	copy = malloc(secret.length);
	if (!copy)
		return JWT_KEY_NO_MEMORY;
	memcpy(copy, secret.data, secret.length);
	key.secret = (struct span){copy, secret.length};
	return add(keys, key, kid, alg);
}
