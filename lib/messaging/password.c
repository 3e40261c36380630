/* SPDX-License-Identifier: MIT */
/* password.c - encodes passwords as Django does (django.contrib.auth.hashers, PBKDF2PasswordHasher). */
#include "password.h"

#include "random.h"

#include <openssl/evp.h>
#include <stdio.h>

/* As Django 5.2. Django reads the number from the encoded password, and hashes again at login if it wants another. */
#define ITERATIONS 1000000
#define SALT_LENGTH 22
#define HASH_SIZE 32

bool password_encode_none(char out[PASSWORD_NONE_SIZE])
{
	out[0] = '!';
	return random_alphanumeric(out + 1, PASSWORD_NONE_SIZE - 2);
}

bool password_encode(struct dm_text password, char out[PASSWORD_SIZE])
{
	char salt[SALT_LENGTH + 1];
	unsigned char hash[HASH_SIZE];
	unsigned char base64[4 * ((HASH_SIZE + 2) / 3) + 1];

	if (!password.data)
		return password_encode_none(out);
	if (!random_alphanumeric(salt, SALT_LENGTH))
		return false;
	if (PKCS5_PBKDF2_HMAC(password.data, (int)password.length, (const unsigned char *)salt, SALT_LENGTH, ITERATIONS,
			      EVP_sha256(), HASH_SIZE, hash) != 1)
		return false;
	EVP_EncodeBlock(base64, hash, HASH_SIZE);
	snprintf(out, PASSWORD_SIZE, "pbkdf2_sha256$%d$%s$%s", ITERATIONS, salt, (char *)base64);
	return true;
}
