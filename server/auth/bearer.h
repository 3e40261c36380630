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
};

/* NULL: no memory; then the keys are still the caller's. */
MUST_CHECK struct bearer *bearer_new(const struct bearer_options *options);
void bearer_free(struct bearer *bearer);

/* Reads the words behind "Bearer". What the credential refers to is the arena's. */
enum scheme_result bearer_read(struct bearer *bearer, struct span words, struct arena *arena,
			       struct credential *credential, const char **refusal);

/* Makes the credential of a user whose JWT was verified earlier. False: it has expired. */
bool bearer_credential(int64_t user_id, int64_t expires_at, struct credential *credential);

#endif
