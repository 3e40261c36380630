/* SPDX-License-Identifier: MIT */
/* admin_key.h - the key of who administrates: "Authorization: Bearer KEY" at --admin-listen. */
#ifndef ADMIN_KEY_H
#define ADMIN_KEY_H

#include "attributes.h"
#include "span.h"

#define ADMIN_KEY_MIN 32   /* characters */
#define ADMIN_KEY_MAX 1024 /* characters */

/* Lives as long as the server; never changes. */
struct admin_key {
	size_t length; /* 0: there is none */
	char text[ADMIN_KEY_MAX];
};

/* Copies a key. NULL, or what is wrong with it: a half sentence that ends with what to do, and holds nothing of the
 * key. */
MUST_CHECK const char *admin_key_set(struct admin_key *key, struct span text);

/* The same from a file, where blanks and line ends around the key do not count. Nobody but its owner and group may have
 * the right to read the file. */
MUST_CHECK const char *admin_key_read(struct admin_key *key, const char *path);

/* Forgets the key. */
void admin_key_clear(struct admin_key *key);

/* Whether a request's Authorization (data NULL: not sent) shows this key. If not, *refusal is the JSON of the 401. How
 * long it takes tells no more of the key than its length. */
MUST_CHECK bool admin_key_matches(const struct admin_key *key, struct span authorization, const char **refusal);

/* WWW-Authenticate of that 401. */
#define ADMIN_CHALLENGE "Bearer realm=\"admin\""

#endif
