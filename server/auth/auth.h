/* SPDX-License-Identifier: MIT */
/* auth.h - which authentication schemes are on, and reading by them who calls. */
#ifndef AUTH_H
#define AUTH_H

#include "arena.h"
#include "attributes.h"
#include "credential.h"

struct bearer;

/* Lives as long as the server; never changes. */
struct auth {
	bool tokens;             /* Token is on */
	struct bearer *bearer;   /* Bearer is on; NULL: it is not. Not owned */
	const char *user_header; /* the header in which a proxy names the user; NULL: there is none */
	bool names_username;     /* it holds the user's name; false: an id */
	const char *jwt_cookie;  /* the name of a cookie that may hold a JWT; NULL: there is none */
	char challenge[64];      /* WWW-Authenticate of a 401 */
};

/* Fills in the challenge; the other members are the caller's. */
void auth_init(struct auth *auth);

/* Whether browsers send by themselves, for any page, what authenticates a user. */
bool auth_is_ambient(const struct auth *auth);

/* What of a request may say who calls. A text without data was not sent; numbers say how often a header was. */
struct presented {
	struct span user; /* the header in which a proxy names the user */
	unsigned users;
	struct span authorization;
	struct span ticket;  /* of the query, where tickets are accepted */
	struct span cookies; /* the Cookie header */
	unsigned cookie_headers;
};

/* Reads who calls. What the credential refers to lies in `presented` or in the arena. Never SCHEME_ABSENT. */
MUST_CHECK enum scheme_result auth_read(const struct auth *auth, const struct presented *presented, struct arena *arena,
					struct credential *credential, const char **refusal);

/* Makes the credential of the key that a ticket stood for. False: the scheme that it came by is off. */
MUST_CHECK bool auth_read_ticket_key(const struct auth *auth, struct span key, struct credential *credential);

#endif
