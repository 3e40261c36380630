/* SPDX-License-Identifier: MIT */
/* jws.c - a signed text in compact form: splits it and checks the signature. */
#include "jws.h"

#include "base64url.h"
#include "json_load.h"
#include "openssl_memory.h"

#include <openssl/crypto.h>
#include <openssl/ecdsa.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/rsa.h>
#include <string.h>

/* Of the values of a header. */
#define MAX_VALUES (1 << 19)

struct algorithm {
	const char *name;
	enum jwt_key_type type;
	const char *digest; /* NULL: the signature has its own */
	bool is_pss;
};

/* clang-format off */
static const struct algorithm algorithms[] = {
	{"HS256", JWT_KEY_SECRET, "SHA256", false},
	{"HS384", JWT_KEY_SECRET, "SHA384", false},
	{"HS512", JWT_KEY_SECRET, "SHA512", false},
	{"RS256", JWT_KEY_RSA, "SHA256", false},
	{"RS384", JWT_KEY_RSA, "SHA384", false},
	{"RS512", JWT_KEY_RSA, "SHA512", false},
	{"PS256", JWT_KEY_RSA, "SHA256", true},
	{"ES256", JWT_KEY_P256, "SHA256", false},
	{"EdDSA", JWT_KEY_ED25519, NULL, false},
};
/* clang-format on */

/* ---- the header ---------------------------------------------------------------------------------------------- */

/* What the header asks for that we don't do, or that would let a sender choose the key. */
static const char *const refused_members[] = {"crit", "jwk", "jku", "x5u", "x5c", "enc", "zip"};

/* Its bytes, with NUL if there is one; data NULL if it is no text. */
static struct span text_of(const json_t *value)
{
	return (struct span){json_string_value(value), json_string_length(value)};
}

/* Absent, or one of an access token: what is signed for another purpose says so in `typ`. */
static bool is_access_token(const json_t *type)
{
	static const char *const types[] = {"JWT", "at+jwt", "application/at+jwt"};
	struct span text = text_of(type);

	for (size_t i = 0; text.data && i < ARRAY_LENGTH(types); i++)
		if (span_equal_nocase(text, span_from(types[i])))
			return true;
	return !type;
}

struct header {
	const struct algorithm *algorithm;
	struct span kid; /* data NULL: it names no key */
};

static bool parse_header(const json_t *root, struct header *header)
{
	struct span name = text_of(json_object_get(root, "alg"));
	const json_t *kid = json_object_get(root, "kid");

	for (size_t i = 0; i < ARRAY_LENGTH(refused_members); i++)
		if (json_object_get(root, refused_members[i]))
			return false;
	header->algorithm = NULL;
	for (size_t i = 0; name.data && i < ARRAY_LENGTH(algorithms); i++)
		if (span_equal(span_from(algorithms[i].name), name))
			header->algorithm = &algorithms[i];
	header->kid = text_of(kid);
	return header->algorithm && (!kid || header->kid.data) && is_access_token(json_object_get(root, "typ"));
}

static enum jws_result read_header(struct span encoded, struct arena *arena, struct header *header)
{
	struct span text;
	json_error_t error;
	json_t *root;

	if (!base64url_decode(encoded, arena, &text))
		return arena->failed ? JWS_NO_MEMORY : JWS_INVALID;
	switch (json_load(text, MAX_VALUES, JSON_REJECT_DUPLICATES, arena, &root, &error)) {
	case JSON_LOADED:
		return parse_header(root, header) ? JWS_VERIFIED : JWS_INVALID;
	case JSON_OUT_OF_MEMORY:
		return JWS_NO_MEMORY;
	default:
		return JWS_INVALID;
	}
}

/* ---- signatures ---------------------------------------------------------------------------------------------- */

static enum jws_result verify_hmac(const struct algorithm *algorithm, const struct jwt_key *key, struct span input,
				   struct span signature)
{
	unsigned char expected[EVP_MAX_MD_SIZE];
	size_t length = 0;

	if (!EVP_Q_mac(NULL, "HMAC", NULL, algorithm->digest, NULL, key->secret.data, key->secret.length,
		       (const unsigned char *)input.data, input.length, expected, sizeof(expected), &length))
		return JWS_NO_MEMORY;
	return length == signature.length && CRYPTO_memcmp(expected, signature.data, length) == 0 ? JWS_VERIFIED
												  : JWS_INVALID;
}

/* ES256 has r and s side by side; OpenSSL wants them in DER. The caller frees *der. 0: no such signature. */
static int encode_ecdsa(struct span signature, unsigned char **der)
{
	const unsigned char *bytes = (const unsigned char *)signature.data;
	int half = (int)signature.length / 2, length = 0;
	ECDSA_SIG *pair = signature.length == 64 ? ECDSA_SIG_new() : NULL;
	BIGNUM *r = pair ? BN_bin2bn(bytes, half, NULL) : NULL;
	BIGNUM *s = r ? BN_bin2bn(bytes + half, half, NULL) : NULL;

	*der = NULL;
	if (s && ECDSA_SIG_set0(pair, r, s)) {
		length = i2d_ECDSA_SIG(pair, der);
	} else {
		BN_free(r);
		BN_free(s);
	}
	ECDSA_SIG_free(pair);
	return length > 0 ? length : 0;
}

static bool use_pss(EVP_PKEY_CTX *context)
{
	return EVP_PKEY_CTX_set_rsa_padding(context, RSA_PKCS1_PSS_PADDING) == 1 &&
	       EVP_PKEY_CTX_set_rsa_pss_saltlen(context, RSA_PSS_SALTLEN_DIGEST) == 1;
}

static enum jws_result verify_public(const struct algorithm *algorithm, const struct jwt_key *key, struct span input,
				     struct span signature)
{
	EVP_MD_CTX *context = EVP_MD_CTX_new();
	EVP_PKEY_CTX *options; /* the context's */
	unsigned char *der = NULL;
	enum jws_result result = JWS_NO_MEMORY;

	if (key->type == JWT_KEY_P256)
		signature.length = (size_t)encode_ecdsa(signature, &der);
	if (der)
		signature.data = (const char *)der;
	if (context &&
	    EVP_DigestVerifyInit_ex(context, &options, algorithm->digest, NULL, NULL, key->public, NULL) == 1 &&
	    (!algorithm->is_pss || use_pss(options)))
		result = EVP_DigestVerify(context, (const unsigned char *)signature.data, signature.length,
					  (const unsigned char *)input.data, input.length) == 1
				 ? JWS_VERIFIED
				 : JWS_INVALID;
	OPENSSL_free(der);
	EVP_MD_CTX_free(context);
	ERR_clear_error();
	return result;
}

static bool is_meant(const struct jwt_key *key, const struct header *header)
{
	return key->type == header->algorithm->type &&
	       (!key->kid || !header->kid.data || span_equal(span_from(key->kid), header->kid));
}

static bool has_algorithm(const struct jwt_key *key, const struct algorithm *algorithm)
{
	return !key->alg || strcmp(key->alg, algorithm->name) == 0;
}

static enum jws_result verify(const struct header *header, const struct jwt_keys *keys, struct span input,
			      struct span signature)
{
	unsigned long failures = openssl_memory_failures();
	enum jws_result result = JWS_INVALID;
	bool is_known = header->algorithm->type == JWT_KEY_SECRET;

	for (size_t i = 0; result == JWS_INVALID && i < keys->count; i++) {
		const struct jwt_key *key = &keys->items[i];

		if (!is_meant(key, header))
			continue;
		is_known = true;
		if (has_algorithm(key, header->algorithm))
			result = key->public ? verify_public(header->algorithm, key, input, signature)
					     : verify_hmac(header->algorithm, key, input, signature);
	}
	if (!is_known)
		return JWS_UNKNOWN_KEY;
	return result == JWS_INVALID && openssl_memory_failures() != failures ? JWS_NO_MEMORY : result;
}

/* ---- the whole ----------------------------------------------------------------------------------------------- */

enum jws_result jws_verify(struct span text, const struct jwt_keys *keys, struct arena *arena, struct span *payload)
{
	struct span rest = text, encoded_header = span_cut(&rest, '.'), encoded_payload = span_cut(&rest, '.');
	struct span input = {text.data, encoded_header.length + 1 + encoded_payload.length}, signature;
	struct header header;
	enum jws_result result;

	/* Behind the second dot there is the signature: not nothing, and no further dot, as base64url has none. */
	if (text.length > JWS_MAX_LENGTH || rest.length == 0)
		return JWS_INVALID;
	result = read_header(encoded_header, arena, &header);
	if (result != JWS_VERIFIED)
		return result;
	if (!base64url_decode(rest, arena, &signature) || !base64url_decode(encoded_payload, arena, payload))
		return arena->failed ? JWS_NO_MEMORY : JWS_INVALID;
	return verify(&header, keys, input, signature);
}
