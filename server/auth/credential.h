/* SPDX-License-Identifier: MIT */
/* credential.h - who calls, as a scheme has read it; the database has yet to be asked. */
#ifndef CREDENTIAL_H
#define CREDENTIAL_H

#include "span.h"

#include <stdint.h>

enum credential_kind {
	CREDENTIAL_TOKEN,    /* text is the key of a token */
	CREDENTIAL_USER_ID,  /* user_id is the user; -1 if the id is none: that is nobody */
	CREDENTIAL_USERNAME, /* text is the user's name */
	CREDENTIAL_TICKET    /* text is a ticket, which stands for another credential */
};

struct credential {
	enum credential_kind kind;
	struct span text;
	int64_t user_id;
	bool is_ambient;           /* browsers add it by themselves to what any page asks for, too */
	bool may_create;           /* make this user if there is none of this name */
	int64_t expires_at;        /* microseconds since 1970; 0: it does not end by itself */
	const char *unknown_user;  /* the body of the 401 if there is no such user */
	const char *inactive_user; /* likewise, if the user is not active */
};

/* What a scheme made of a request. */
enum scheme_result {
	SCHEME_READ,        /* *credential is filled in */
	SCHEME_ABSENT,      /* there is nothing for it in the request: the next scheme is asked */
	SCHEME_REFUSED,     /* 401; *refusal is the JSON of its body */
	SCHEME_MALFORMED,   /* 400, likewise */
	SCHEME_UNKNOWN_KEY, /* 401, likewise, unless keys that are fetched have the one that it names */
	SCHEME_NO_MEMORY    /* 503 */
};

#endif
