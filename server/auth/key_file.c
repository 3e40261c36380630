/* SPDX-License-Identifier: MIT */
/* key_file.c - a file of keys: public keys in PEM form, or a JWKS. */
#include "key_file.h"

#include "jwk.h"

#include <errno.h>
#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define MAX_FILE_BYTES (1 << 20)

#define AS_TEXT(number) #number
#define LIMIT(number) AS_TEXT(number)

static bool refuse(char error[KEY_FILE_ERROR_SIZE], const char *what)
{
	snprintf(error, KEY_FILE_ERROR_SIZE, "%s", what);
	return false;
}

/* ---- PEM ----------------------------------------------------------------------------------------------------- */

static EVP_PKEY *parse_public(const char *name, const unsigned char *der, long length)
{
	if (strcmp(name, PEM_STRING_PUBLIC) == 0)
		return d2i_PUBKEY(NULL, &der, length);
	return strcmp(name, PEM_STRING_RSA_PUBLIC) == 0 ? d2i_PublicKey(EVP_PKEY_RSA, NULL, &der, length) : NULL;
}

static bool add_block(const char *name, const unsigned char *der, long length, struct jwt_keys *keys,
		      char error[KEY_FILE_ERROR_SIZE])
{
	EVP_PKEY *public;

	if (strstr(name, "PRIVATE KEY"))
		return refuse(error,
			      "it holds a private key; keep that where tokens are made, and give the public key");
	public = parse_public(name, der, length);
	switch (public ? jwt_keys_add_public(keys, public, NULL, NULL) : JWT_KEY_UNSUITABLE) {
	case JWT_KEY_ADDED:
		return true;
	case JWT_KEY_TOO_MANY:
		return refuse(error, "it holds too many keys; give at most " LIMIT(JWT_MAX_KEYS));
	case JWT_KEY_NO_MEMORY:
		return refuse(error, "there is no memory for its keys; free some");
	default:
		return refuse(error,
			      "a block of it is no key that verifies tokens; give public keys: RSA of 2048 bits or "
			      "more, P-256, Ed25519");
	}
}

static bool read_pem(struct span text, struct jwt_keys *keys, char error[KEY_FILE_ERROR_SIZE])
{
	BIO *file = BIO_new_mem_buf(text.data, (int)text.length);
	char *name, *header;
	unsigned char *der;
	long length;
	bool good = true;

	while (good && file && PEM_read_bio(file, &name, &header, &der, &length) == 1) {
		good = add_block(name, der, length, keys, error);
		OPENSSL_free(name);
		OPENSSL_free(header);
		OPENSSL_free(der);
	}
	if (good && ERR_GET_REASON(ERR_peek_last_error()) != PEM_R_NO_START_LINE)
		good = refuse(error, "a PEM block of it is damaged; write the file again");
	BIO_free(file);
	ERR_clear_error();
	return good;
}

/* ---- JWKS ---------------------------------------------------------------------------------------------------- */

static bool read_jwks(struct span text, bool is_readable_by_all, struct jwt_keys *keys, char error[KEY_FILE_ERROR_SIZE])
{
	bool has_secret;

	switch (jwks_read(text, keys, &has_secret)) {
	case JWKS_READ:
		break;
	case JWKS_PRIVATE_KEY:
		return refuse(error,
			      "it holds a private key; keep that where tokens are made, and give the public key");
	case JWKS_TOO_MANY:
		return refuse(error, "it holds too many keys; give at most " LIMIT(JWT_MAX_KEYS));
	case JWKS_NO_MEMORY:
		return refuse(error, "there is no memory for its keys; free some");
	default:
		return refuse(error, "it is neither PEM nor a JWKS; give public keys in one of these forms");
	}
	if (has_secret && is_readable_by_all)
		return refuse(error, "it holds a secret and everybody may read it; take that right away (chmod o-rwx)");
	return true;
}

/* ---- the file ------------------------------------------------------------------------------------------------ */

/* The caller frees the text. */
static char *read_text(FILE *file, size_t *length)
{
	char *text = malloc(MAX_FILE_BYTES + 1);

	if (!text)
		return NULL;
	*length = fread(text, 1, MAX_FILE_BYTES + 1, file);
	if (!ferror(file) && *length <= MAX_FILE_BYTES)
		return text;
	free(text);
	return NULL;
}

static bool read_open(FILE *file, struct jwt_keys *keys, char error[KEY_FILE_ERROR_SIZE])
{
	size_t before = keys->count;
	struct stat status;
	struct span text;
	char *bytes;
	bool good;

	if (fstat(fileno(file), &status) != 0 || !S_ISREG(status.st_mode))
		return refuse(error, "it is not a file; give the path of one");
	bytes = read_text(file, &text.length);
	if (!bytes)
		return refuse(error, "it can't be read, or has more than 1 MiB; give a file of keys");
	text.data = bytes;
	if (memmem(bytes, text.length, "-----BEGIN ", 11))
		good = read_pem(text, keys, error);
	else
		good = read_jwks(text, (status.st_mode & S_IROTH) != 0, keys, error);
	OPENSSL_cleanse(bytes, text.length);
	free(bytes);
	if (good && keys->count == before)
		return refuse(
			error,
			"it holds no key that verifies tokens; give RSA of 2048 bits or more, P-256, Ed25519, or a "
			"secret of 32 bytes or more");
	return good;
}

bool key_file_read(const char *path, struct jwt_keys *keys, char error[KEY_FILE_ERROR_SIZE])
{
	FILE *file = fopen(path, "re");
	bool good;

	if (!file) {
		snprintf(error, KEY_FILE_ERROR_SIZE, "it can't be opened (%s); give a file that the server may read",
			 strerror(errno));
		return false;
	}
	good = read_open(file, keys, error);
	fclose(file);
	return good;
}
