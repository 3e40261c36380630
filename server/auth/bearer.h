/* SPDX-License-Identifier: MIT */
/* bearer.h - "Authorization: Bearer JWT", with the errors of djangorestframework-simplejwt. */
#ifndef BEARER_H
#define BEARER_H

#include "arena.h"
#include "attributes.h"
#include "credential.h"
#include "jwt.h"

struct bearer;

struct bearer_options {
	struct jwt_keys *keys; /* moved from here: nothing is left to release */
	struct jwt_rules rules;
	bool names_username; /* the claim is a user's name; false: an id */
	bool creates_users;  /* a user who does not exist is made, by name */
	bool fetches_keys;   /* there will be keys of bearer_replace_fetched_keys, too */
};

/* NULL: no memory; then the keys are still the caller's. */
MUST_CHECK struct bearer *bearer_new(const struct bearer_options *options);
void bearer_free(struct bearer *bearer);

/* Puts other keys in the place of those of the settings, all at once. Requests under way end with the keys that they
 * began with; tokens that were verified by the old keys are forgotten. Keys fetched from the URL stay. The keys are
 * moved. False: no memory; then nothing has changed. Callable on any thread. */
MUST_CHECK bool bearer_replace_keys(struct bearer *bearer, struct jwt_keys *keys);

/* The same with the keys that the settings gave to another bearer, which loses them; needs no memory. What a reload of
 * the secret or of the key file needs, and all that it needs. */
void bearer_move_keys(struct bearer *bearer, struct bearer *from);

/* The same for the keys that are fetched. */
MUST_CHECK bool bearer_replace_fetched_keys(struct bearer *bearer, struct jwt_keys *keys);

/* Reads the words behind "Bearer". What the credential refers to is the arena's. */
enum scheme_result bearer_read(struct bearer *bearer, struct span words, struct arena *arena,
			       struct credential *credential, const char **refusal);

/* The same for a JWT by itself. */
enum scheme_result bearer_read_jwt(struct bearer *bearer, struct span jwt, struct arena *arena,
				   struct credential *credential, const char **refusal);

/* Makes the credential of a user whose JWT was verified earlier. False: it has expired. */
bool bearer_credential(int64_t user_id, int64_t expires_at, struct credential *credential);

#endif
