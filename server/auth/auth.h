/* SPDX-License-Identifier: MIT */
/* auth.h - which authentication schemes are on, and reading a request's Authorization by them. */
#ifndef AUTH_H
#define AUTH_H

#include "arena.h"
#include "attributes.h"
#include "credential.h"

struct bearer;

/* Lives as long as the server; never changes. */
struct auth {
	bool tokens;           /* Token is on */
	struct bearer *bearer; /* Bearer is on; NULL: it is not. Not owned */
	char challenge[64];    /* WWW-Authenticate of a 401 */
};

void auth_init(struct auth *auth, bool tokens, struct bearer *bearer);

/* Reads the header's value (data NULL: not sent). What the credential refers to lies in the header or in the arena. */
MUST_CHECK enum scheme_result auth_read(const struct auth *auth, struct span authorization, struct arena *arena,
					struct credential *credential, const char **refusal);

/* Makes the credential of the key that a ticket stood for. False: the scheme that it came by is off. */
MUST_CHECK bool auth_read_ticket_key(const struct auth *auth, struct span key, struct credential *credential);

#endif
