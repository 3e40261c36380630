/* SPDX-License-Identifier: MIT */
/* admin_key.c - the key of who administrates. */
#include "admin_key.h"

#include "words.h"

#include <openssl/crypto.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#define TOO_SHORT "has fewer than 32 characters; give a longer one, such as openssl rand -hex 32 prints"

/* ---- the key that is configured ------------------------------------------------------------------------------- */

const char *admin_key_set(struct admin_key *key, struct span text)
{
	admin_key_clear(key);
	if (text.length < ADMIN_KEY_MIN)
		return TOO_SHORT;
	if (text.length > ADMIN_KEY_MAX)
		return "has more than 1024 characters; give a shorter one, such as openssl rand -hex 32 prints";
	for (size_t i = 0; i < text.length; i++)
		if (text.data[i] <= ' ' || text.data[i] >= 0x7F)
			return "holds a blank or a character that is not ASCII, which no header can show; give another, "
			       "such as openssl rand -hex 32 prints";
	memcpy(key->text, text.data, text.length);
	key->length = text.length;
	return NULL;
}

static const char *read_open(struct admin_key *key, FILE *file)
{
	char text[ADMIN_KEY_MAX + 64]; /* with room for blanks around it */
	const char *problem;
	struct stat status;
	struct span trimmed;

	if (fstat(fileno(file), &status) != 0 || !S_ISREG(status.st_mode))
		return "is not a file; give the path of one that holds the key";
	if (status.st_mode & S_IROTH)
		return "may be read by everybody; take that right away (chmod o-rwx)";
	trimmed = span_strip((struct span){text, fread(text, 1, sizeof(text), file)});
	problem = ferror(file) ? "can't be read; give a file that the server may read" : admin_key_set(key, trimmed);
	OPENSSL_cleanse(text, sizeof(text));
	return problem;
}

const char *admin_key_read(struct admin_key *key, const char *path)
{
	FILE *file = fopen(path, "re");
	const char *problem;

	admin_key_clear(key);
	if (!file)
		return "can't be opened; give a file that the server may read";
	setvbuf(file, NULL, _IONBF, 0); /* no copy of the key stays behind */
	problem = read_open(key, file);
	fclose(file);
	return problem;
}

void admin_key_clear(struct admin_key *key)
{
	OPENSSL_cleanse(key, sizeof(*key));
}

/* ---- the key that a request shows ----------------------------------------------------------------------------- */

bool admin_key_matches(const struct admin_key *key, struct span authorization, const char **refusal)
{
	struct span scheme = next_word(&authorization);
	struct span shown = next_word(&authorization);

	if (!span_equal_nocase(scheme, SPAN("Bearer"))) {
		*refusal = "{\"detail\":\"Authentication credentials were not provided.\"}";
		return false;
	}
	*refusal = "{\"detail\":\"Invalid admin key.\"}";
	return key->length > 0 && shown.length == key->length && next_word(&authorization).length == 0 &&
	       CRYPTO_memcmp(shown.data, key->text, key->length) == 0;
}
