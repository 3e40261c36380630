/* SPDX-License-Identifier: MIT */
/* auth.c - the table of authentication schemes. */
#include "auth.h"

#include "bearer.h"
#include "ticket.h"
#include "token.h"
#include "words.h"

#include <stdio.h>
#include <string.h>

static bool has_tokens(const struct auth *auth)
{
	return auth->tokens;
}

static enum scheme_result read_token(const struct auth *auth, struct span words, struct arena *arena,
				     struct credential *credential, const char **refusal)
{
	(void)auth, (void)arena;
	return token_read(words, credential, refusal);
}

static bool has_bearer(const struct auth *auth)
{
	return auth->bearer != NULL;
}

static enum scheme_result read_bearer(const struct auth *auth, struct span words, struct arena *arena,
				      struct credential *credential, const char **refusal)
{
	return bearer_read(auth->bearer, words, arena, credential, refusal);
}

/* In the order in which WWW-Authenticate names them. The first word of Authorization chooses one, in any case. */
static const struct scheme {
	const char *name;
	const char *challenge;
	bool (*is_on)(const struct auth *auth);
	enum scheme_result (*read)(const struct auth *auth, struct span words, struct arena *arena,
				   struct credential *credential, const char **refusal);
} schemes[] = {
	{"Token", "Token", has_tokens, read_token},
	{"Bearer", "Bearer realm=\"api\"", has_bearer, read_bearer},
};

void auth_init(struct auth *auth, bool tokens, struct bearer *bearer)
{
	*auth = (struct auth){.tokens = tokens, .bearer = bearer};
	for (size_t i = 0; i < ARRAY_LENGTH(schemes); i++) {
		size_t length = strlen(auth->challenge);

		if (schemes[i].is_on(auth))
			snprintf(auth->challenge + length, sizeof(auth->challenge) - length, "%s%s",
				 length > 0 ? ", " : "", schemes[i].challenge);
	}
}

enum scheme_result auth_read(const struct auth *auth, struct span authorization, struct arena *arena,
			     struct credential *credential, const char **refusal)
{
	struct span name = next_word(&authorization);

	for (size_t i = 0; i < ARRAY_LENGTH(schemes); i++)
		if (span_equal_nocase(name, span_from(schemes[i].name)) && schemes[i].is_on(auth))
			return schemes[i].read(auth, authorization, arena, credential, refusal);
	*refusal = "{\"detail\":\"Authentication credentials were not provided.\"}";
	return SCHEME_REFUSED;
}

bool auth_read_ticket_key(const struct auth *auth, struct span key, struct credential *credential)
{
	int64_t user_id, expires_at;

	if (!ticket_parse_user(key, &user_id, &expires_at)) {
		token_credential(key, credential);
		return auth->tokens;
	}
	return auth->bearer && bearer_credential(user_id, expires_at, credential);
}
