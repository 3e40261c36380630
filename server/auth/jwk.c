/* SPDX-License-Identifier: MIT */
/* jwk.c - reads a JWKS. */
#include "jwk.h"

#include "base64url.h"
#include "json_load.h"
#include "openssl_memory.h"

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>
#include <string.h>

/* Of the values of a JWKS; its text is at most a twentieth of it. */
#define MAX_VALUES (20 << 20)

#define P256_COORDINATE 32

static const char *text_of(const json_t *jwk, const char *name)
{
	return json_string_value(json_object_get(jwk, name));
}

static bool is_text(const json_t *jwk, const char *name, const char *value)
{
	const char *text = text_of(jwk, name);

	return text && strcmp(text, value) == 0;
}

static bool decode(const json_t *jwk, const char *name, struct arena *arena, struct span *bytes)
{
	const json_t *value = json_object_get(jwk, name);
	struct span text = {json_string_value(value), json_string_length(value)};

	return text.data && base64url_decode(text, arena, bytes) && bytes->length > 0;
}

/* Makes a public key of a type by its parameters. NULL: they are no such key. */
static EVP_PKEY *make_public(const char *type, OSSL_PARAM_BLD *builder)
{
	OSSL_PARAM *parameters = OSSL_PARAM_BLD_to_param(builder);
	EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_from_name(NULL, type, NULL);
	EVP_PKEY *public = NULL;

	if (parameters && context && EVP_PKEY_fromdata_init(context) == 1)
		EVP_PKEY_fromdata(context, &public, EVP_PKEY_PUBLIC_KEY, parameters);
	EVP_PKEY_CTX_free(context);
	OSSL_PARAM_free(parameters);
	return public;
}

static EVP_PKEY *make_rsa(const json_t *jwk, struct arena *arena)
{
	OSSL_PARAM_BLD *builder = OSSL_PARAM_BLD_new();
	BIGNUM *modulus = NULL, *exponent = NULL;
	EVP_PKEY *public = NULL;
	struct span n, e;

	if (builder && decode(jwk, "n", arena, &n) && decode(jwk, "e", arena, &e)) {
		modulus = BN_bin2bn((const unsigned char *)n.data, (int)n.length, NULL);
		exponent = BN_bin2bn((const unsigned char *)e.data, (int)e.length, NULL);
		if (modulus && exponent && OSSL_PARAM_BLD_push_BN(builder, OSSL_PKEY_PARAM_RSA_N, modulus) &&
		    OSSL_PARAM_BLD_push_BN(builder, OSSL_PKEY_PARAM_RSA_E, exponent))
		public = make_public("RSA", builder);
	}
	BN_free(modulus);
	BN_free(exponent);
	OSSL_PARAM_BLD_free(builder);
	return public;
}

static EVP_PKEY *make_p256(const json_t *jwk, struct arena *arena)
{
	unsigned char point[1 + 2 * P256_COORDINATE] = {POINT_CONVERSION_UNCOMPRESSED};
	OSSL_PARAM_BLD *builder;
	EVP_PKEY *public = NULL;
	struct span x, y;

	if (!is_text(jwk, "crv", "P-256") || !decode(jwk, "x", arena, &x) || !decode(jwk, "y", arena, &y) ||
	    x.length != P256_COORDINATE || y.length != P256_COORDINATE)
		return NULL;
	memcpy(point + 1, x.data, x.length);
	memcpy(point + 1 + P256_COORDINATE, y.data, y.length);
	builder = OSSL_PARAM_BLD_new();
	if (builder && OSSL_PARAM_BLD_push_utf8_string(builder, OSSL_PKEY_PARAM_GROUP_NAME, "prime256v1", 0) &&
	    OSSL_PARAM_BLD_push_octet_string(builder, OSSL_PKEY_PARAM_PUB_KEY, point, sizeof(point)))
	public = make_public("EC", builder);
	OSSL_PARAM_BLD_free(builder);
	return public;
}

static EVP_PKEY *make_ed25519(const json_t *jwk, struct arena *arena)
{
	struct span x;

	if (!is_text(jwk, "crv", "Ed25519") || !decode(jwk, "x", arena, &x))
		return NULL;
	return EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, NULL, (const unsigned char *)x.data, x.length);
}

static EVP_PKEY *(*maker_of(const json_t *jwk))(const json_t *jwk, struct arena *arena)
{
	if (is_text(jwk, "kty", "RSA"))
		return make_rsa;
	if (is_text(jwk, "kty", "EC"))
		return make_p256;
	return is_text(jwk, "kty", "OKP") ? make_ed25519 : NULL;
}

static bool lists(const json_t *array, const char *text)
{
	for (size_t i = 0; i < json_array_size(array); i++) {
		const char *item = json_string_value(json_array_get(array, i));

		if (item && strcmp(item, text) == 0)
			return true;
	}
	return false;
}

static bool is_for_verifying(const json_t *jwk)
{
	const json_t *use = json_object_get(jwk, "use"), *operations = json_object_get(jwk, "key_ops");

	return (!use || is_text(jwk, "use", "sig")) && (!operations || lists(operations, "verify"));
}

static enum jwt_key_added add(const json_t *jwk, struct arena *arena, struct jwt_keys *keys, bool *has_secret)
{
	EVP_PKEY *(*make)(const json_t *jwk, struct arena *arena) = maker_of(jwk);
	const char *kid = text_of(jwk, "kid"), *alg = text_of(jwk, "alg");
	unsigned long failures = openssl_memory_failures();
	enum jwt_key_added added = JWT_KEY_UNSUITABLE;
	struct span secret;
	EVP_PKEY *public;

	if (is_text(jwk, "kty", "oct")) {
		*has_secret = true;
		return decode(jwk, "k", arena, &secret) ? jwt_keys_add_secret(keys, secret, kid, alg)
							: JWT_KEY_UNSUITABLE;
	}
	public = make ? make(jwk, arena) : NULL;
	if (public)
		added = jwt_keys_add_public(keys, public, kid, alg);
	return added == JWT_KEY_UNSUITABLE && openssl_memory_failures() != failures ? JWT_KEY_NO_MEMORY : added;
}

static enum jwks_result add_all(const json_t *list, struct arena *arena, struct jwt_keys *keys, bool *has_secret)
{
	for (size_t i = 0; i < json_array_size(list); i++) {
		const json_t *jwk = json_array_get(list, i);
		enum jwt_key_added added = JWT_KEY_UNSUITABLE;

		if (!json_is_object(jwk))
			return JWKS_MALFORMED;
		if (json_object_get(jwk, "d"))
			return JWKS_PRIVATE_KEY;
		if (is_for_verifying(jwk))
			added = add(jwk, arena, keys, has_secret);
		if (added == JWT_KEY_TOO_MANY)
			return JWKS_TOO_MANY;
		if (added == JWT_KEY_NO_MEMORY)
			return JWKS_NO_MEMORY;
	}
	return JWKS_READ;
}

enum jwks_result jwks_read(struct span text, struct jwt_keys *keys, bool *has_secret)
{
	struct arena arena = {0};
	enum jwks_result result = JWKS_MALFORMED;
	json_error_t error;
	json_t *root;

	*has_secret = false;
	switch (json_load(text, MAX_VALUES, JSON_REJECT_DUPLICATES, &arena, &root, &error)) {
	case JSON_LOADED:
		if (json_is_array(json_object_get(root, "keys")))
			result = add_all(json_object_get(root, "keys"), &arena, keys, has_secret);
		break;
	case JSON_OUT_OF_MEMORY:
		result = JWKS_NO_MEMORY;
		break;
	default:
		break;
	}
	if (arena.failed)
		result = JWKS_NO_MEMORY;
	arena_release(&arena);
	return result;
}
