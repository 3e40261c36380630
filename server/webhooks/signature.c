/* SPDX-License-Identifier: MIT */
/* signature.c - the secrets and signatures of the Standard Webhooks specification. */
#include "signature.h"

#include "random.h"
#include "secret.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/params.h>
#include <stdio.h>
#include <string.h>

#define PREFIX_LENGTH (sizeof(SECRET_PREFIX) - 1)
#define NEW_KEY_LENGTH 32
#define DIGEST_LENGTH 32

bool secret_make(char out[SECRET_SIZE])
{
	unsigned char key[NEW_KEY_LENGTH];

	if (!random_bytes(key, sizeof(key)))
		return false;
	memcpy(out, SECRET_PREFIX, PREFIX_LENGTH);
	EVP_EncodeBlock((unsigned char *)out + PREFIX_LENGTH, key, sizeof(key));
	OPENSSL_cleanse(key, sizeof(key));
	return true;
}

bool secret_is_valid(struct span secret)
{
	unsigned char key[SECRET_MAX_KEY_SIZE];
	bool valid = secret_decode(secret, key) > 0;

	OPENSSL_cleanse(key, sizeof(key));
	return valid;
}

static bool digest(const unsigned char *key, size_t key_length, const struct span parts[], size_t count,
		   unsigned char out[DIGEST_LENGTH])
{
	OSSL_PARAM parameters[] = {OSSL_PARAM_utf8_string("digest", (char[]){"SHA256"}, 6), OSSL_PARAM_END};
	EVP_MAC *algorithm = EVP_MAC_fetch(NULL, "HMAC", NULL);
	EVP_MAC_CTX *mac = algorithm ? EVP_MAC_CTX_new(algorithm) : NULL;
	bool good = mac && EVP_MAC_init(mac, key, key_length, parameters) == 1;
	size_t length;

	for (size_t i = 0; good && i < count; i++)
		good = EVP_MAC_update(mac, (const unsigned char *)parts[i].data, parts[i].length) == 1;
	good = good && EVP_MAC_final(mac, out, &length, DIGEST_LENGTH) == 1;
	EVP_MAC_CTX_free(mac);
	EVP_MAC_free(algorithm);
	return good;
}

bool signature_make(struct span secret, struct span id, int64_t timestamp, struct span body, char out[SIGNATURE_SIZE])
{
	unsigned char key[SECRET_MAX_KEY_SIZE], signature[DIGEST_LENGTH];
	size_t key_length = secret_decode(secret, key);
	char middle[32]; /* ".<timestamp>." */
	struct span parts[] = {id, {middle, 0}, body};
	bool good;

	parts[1].length = (size_t)snprintf(middle, sizeof(middle), ".%lld.", (long long)timestamp);
	good = key_length > 0 && digest(key, key_length, parts, ARRAY_LENGTH(parts), signature);
	OPENSSL_cleanse(key, sizeof(key));
	if (!good)
		return false;
	memcpy(out, "v1,", 3);
	EVP_EncodeBlock((unsigned char *)out + 3, signature, sizeof(signature));
	return true;
}
