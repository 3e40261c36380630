/* SPDX-License-Identifier: MIT */
/* signature.c - secrets and signatures of webhooks. */
#include "signature.h"

#include "random.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/params.h>
#include <stdio.h>
#include <string.h>

#define PREFIX "whsec_"
#define PREFIX_LENGTH (sizeof(PREFIX) - 1)
#define KEY_LEAST 24
#define KEY_MOST 64
#define KEY_MADE 32
#define DIGEST_LENGTH 32

bool secret_make(char out[SECRET_SIZE])
{
	unsigned char key[KEY_MADE];

	if (!random_bytes(key, sizeof(key)))
		return false;
	memcpy(out, PREFIX, PREFIX_LENGTH);
	EVP_EncodeBlock((unsigned char *)out + PREFIX_LENGTH, key, sizeof(key));
	OPENSSL_cleanse(key, sizeof(key));
	return true;
}

/* The bytes that the secret stands for; 0 where it is not valid. */
static size_t decode(struct span secret, unsigned char key[KEY_MOST])
{
	unsigned char bytes[KEY_MOST + 2]; /* the padding decodes to zeros */
	size_t pads = 0;
	int length;

	if (secret.length < PREFIX_LENGTH + KEY_LEAST / 3 * 4 || secret.length >= SECRET_SIZE ||
	    memcmp(secret.data, PREFIX, PREFIX_LENGTH) != 0 || secret.data[PREFIX_LENGTH] == ' ')
		return 0;
	while (pads < 2 && secret.data[secret.length - 1 - pads] == '=')
		pads++;
	length = EVP_DecodeBlock(bytes, (const unsigned char *)secret.data + PREFIX_LENGTH,
				 (int)(secret.length - PREFIX_LENGTH));
	if (length < 0 || (size_t)length - pads < KEY_LEAST || (size_t)length - pads > KEY_MOST)
		return 0;
	memcpy(key, bytes, (size_t)length - pads);
	OPENSSL_cleanse(bytes, sizeof(bytes));
	return (size_t)length - pads;
}

bool secret_is_valid(struct span secret)
{
	unsigned char key[KEY_MOST];
	bool valid = decode(secret, key) > 0;

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
	unsigned char key[KEY_MOST], signature[DIGEST_LENGTH];
	size_t key_length = decode(secret, key);
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
