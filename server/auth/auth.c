/* SPDX-License-Identifier: MIT */
/* auth.c - the table of authentication schemes. */
#include "auth.h"

#include "bearer.h"
#include "cookie.h"
#include "ticket.h"
#include "token.h"
#include "user_header.h"
#include "words.h"

#include <stdio.h>
#include <string.h>

#define DETAIL(text) "{\"detail\":\"" text "\"}"

/* What a scheme reads: the request, and the words of its Authorization behind the first. */
struct source {
	const struct presented *presented;
	struct span words;
	struct arena *arena;
};

static const char not_provided[] = DETAIL("Authentication credentials were not provided.");

static bool has_user_header(const struct auth *auth)
{
	return auth->user_header != NULL;
}

static enum scheme_result read_user_header(const struct auth *auth, const struct source *source,
					   struct credential *credential, const char **refusal)
{
	return user_header_read(source->presented->user, source->presented->users, auth->names_username, credential,
				refusal);
}

static bool has_tokens(const struct auth *auth)
{
	return auth->tokens;
}

static enum scheme_result read_token(const struct auth *auth, const struct source *source,
				     struct credential *credential, const char **refusal)
{
	(void)auth;
	return token_read(source->words, credential, refusal);
}

static bool has_bearer(const struct auth *auth)
{
	return auth->bearer != NULL;
}

static enum scheme_result read_bearer(const struct auth *auth, const struct source *source,
				      struct credential *credential, const char **refusal)
{
	return bearer_read(auth->bearer, source->words, source->arena, credential, refusal);
}

static bool always(const struct auth *auth)
{
	(void)auth;
	return true;
}

/* What stands in Authorization is meant for nobody here, and nothing takes its place. */
static enum scheme_result refuse_others(const struct auth *auth, const struct source *source,
					struct credential *credential, const char **refusal)
{
	(void)auth, (void)credential;
	*refusal = not_provided;
	return source->presented->authorization.data ? SCHEME_REFUSED : SCHEME_ABSENT;
}

static enum scheme_result read_ticket(const struct auth *auth, const struct source *source,
				      struct credential *credential, const char **refusal)
{
	(void)auth, (void)refusal;
	if (!source->presented->ticket.data)
		return SCHEME_ABSENT;
	*credential = (struct credential){.kind = CREDENTIAL_TICKET, .text = source->presented->ticket};
	return SCHEME_READ;
}

static bool has_jwt_cookie(const struct auth *auth)
{
	return auth->jwt_cookie != NULL;
}

/* A second cookie of the name may be of another site below the same domain: whose page it is can't be told. */
static enum scheme_result read_jwt_cookie(const struct auth *auth, const struct source *source,
					  struct credential *credential, const char **refusal)
{
	struct span jwt;
	unsigned times = cookie_find(source->presented->cookies, span_from(auth->jwt_cookie), &jwt);
	enum scheme_result result;

	if (times > 1 || source->presented->cookie_headers > 1) {
		*refusal = DETAIL("The cookie that holds the JWT was sent twice.");
		return SCHEME_MALFORMED;
	}
	if (jwt.length == 0)
		return SCHEME_ABSENT;
	result = bearer_read_jwt(auth->bearer, jwt, source->arena, credential, refusal);
	credential->is_ambient = true;
	return result;
}

/* In the order in which a request is read by them, and in which WWW-Authenticate names them. The first that finds
 * something in the request decides, for better or worse. Those with a name find it by the first word of Authorization,
 * in any case. */
/* clang-format off */
static const struct scheme {
	const char *name;
	const char *challenge;
	bool (*is_on)(const struct auth *auth);
	enum scheme_result (*read)(const struct auth *auth, const struct source *source,
				   struct credential *credential, const char **refusal);
} schemes[] = {
	{NULL,     NULL,                     has_user_header, read_user_header},
	{"Token",  "Token",                  has_tokens,      read_token},
	{"Bearer", "Bearer realm=\"api\"", has_bearer,      read_bearer},
	{NULL,     NULL,                     always,          refuse_others},
	{NULL,     NULL,                     always,          read_ticket},
	{NULL,     NULL,                     has_jwt_cookie,  read_jwt_cookie},
};
/* clang-format on */

/* A 401 must have a challenge; this one is no scheme that browsers ask for a password by. */
#define NO_SCHEME "Session"

void auth_init(struct auth *auth)
{
	*auth->challenge = '\0';
	for (size_t i = 0; i < ARRAY_LENGTH(schemes); i++) {
		size_t length = strlen(auth->challenge);

		if (schemes[i].challenge && schemes[i].is_on(auth))
			snprintf(auth->challenge + length, sizeof(auth->challenge) - length, "%s%s",
				 length > 0 ? ", " : "", schemes[i].challenge);
	}
	if (!*auth->challenge)
		snprintf(auth->challenge, sizeof(auth->challenge), NO_SCHEME);
}

bool auth_is_ambient(const struct auth *auth)
{
	return has_user_header(auth) || has_jwt_cookie(auth);
}

enum scheme_result auth_read(const struct auth *auth, const struct presented *presented, struct arena *arena,
			     struct credential *credential, const char **refusal)
{
	struct source source = {.presented = presented, .words = presented->authorization, .arena = arena};
	struct span name = next_word(&source.words);

	for (size_t i = 0; i < ARRAY_LENGTH(schemes); i++) {
		enum scheme_result result;

		if (!schemes[i].is_on(auth) ||
		    (schemes[i].name && !span_equal_nocase(name, span_from(schemes[i].name))))
			continue;
		result = schemes[i].read(auth, &source, credential, refusal);
		if (result != SCHEME_ABSENT)
			return result;
	}
	*refusal = not_provided;
	return SCHEME_REFUSED;
}

bool auth_read_ticket_key(const struct auth *auth, struct span key, struct credential *credential)
{
	int64_t user_id, expires_at;

	switch (ticket_parse_user(key, &user_id, &expires_at)) {
	case TICKET_OF_PROXY:
		user_header_credential(user_id, credential);
		return has_user_header(auth);
	case TICKET_OF_JWT:
		return auth->bearer && bearer_credential(user_id, expires_at, credential);
	default:
		token_credential(key, credential);
		return auth->tokens;
	}
}
