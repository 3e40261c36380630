/* SPDX-License-Identifier: MIT */
/* bearer.c - "Authorization: Bearer JWT". */
#include "bearer.h"

#include "clock.h"
#include "key_ring.h"
#include "verified.h"
#include "words.h"

#include <stdlib.h>
#include <string.h>

struct bearer {
	struct key_ring *ring;
	struct jwt_rules rules;
	bool names_username, creates_users, fetches_keys;
	struct verified *verified;
};

/* Front ends refresh their token by `code`, so these are SimpleJWT's to the byte. */
#define NOT_VALID(message) \
	"{\"detail\":\"Given token not valid for any token type\",\"code\":\"token_not_valid\",\"messages\":" \
	"[{\"token_class\":\"AccessToken\",\"token_type\":\"access\",\"message\":\"" message "\"}]}"
#define ERROR(detail, code) "{\"detail\":\"" detail "\",\"code\":\"" code "\"}"

/* clang-format off */
static const char *const refusals[] = {
	[JWT_INVALID] = NOT_VALID("Token is invalid"),
	[JWT_UNKNOWN_KEY] = NOT_VALID("Token is invalid"),
	[JWT_EXPIRED] = NOT_VALID("Token is expired"),
	[JWT_NO_EXPIRY] = NOT_VALID("Token has no 'exp' claim"),
	[JWT_WRONG_TYPE] = NOT_VALID("Token has wrong type"),
	[JWT_NO_USER] = ERROR("Token contained no recognizable user identification", "token_not_valid"),
};
/* clang-format on */

struct bearer *bearer_new(const struct bearer_options *options)
{
	struct bearer *bearer = calloc(1, sizeof(*bearer));

	if (!bearer)
		return NULL;
	bearer->rules = options->rules;
	bearer->names_username = options->names_username;
	bearer->creates_users = options->creates_users;
	bearer->fetches_keys = options->fetches_keys;
	bearer->verified = verified_new();
	bearer->ring = key_ring_new();
	if (bearer->verified && bearer->ring && bearer_replace_keys(bearer, options->keys))
		return bearer;
	bearer_free(bearer);
	return NULL;
}

void bearer_free(struct bearer *bearer)
{
	if (!bearer)
		return;
	key_ring_free(bearer->ring);
	verified_free(bearer->verified);
	free(bearer);
}

bool bearer_replace_keys(struct bearer *bearer, struct jwt_keys *keys)
{
	return key_ring_replace(bearer->ring, KEYS_OF_SETTINGS, keys);
}

void bearer_move_keys(struct bearer *bearer, struct bearer *from)
{
	key_ring_move(bearer->ring, from->ring, KEYS_OF_SETTINGS);
}

bool bearer_replace_fetched_keys(struct bearer *bearer, struct jwt_keys *keys)
{
	return key_ring_replace(bearer->ring, KEYS_OF_URL, keys);
}

/* The keys of the settings come first. */
static enum jwt_result verify_by(const struct bearer *bearer, const struct keys_in_force *keys, struct span token,
				 int64_t now, struct arena *arena, struct jwt_claims *claims)
{
	enum jwt_result result = jwt_verify(token, keys_of(keys, KEYS_OF_SETTINGS), &bearer->rules, now, arena, claims);

	if (bearer->fetches_keys && (result == JWT_INVALID || result == JWT_UNKNOWN_KEY))
		return jwt_verify(token, keys_of(keys, KEYS_OF_URL), &bearer->rules, now, arena, claims);
	return result;
}

/* Whether the token was verified before. */
static bool recall(struct bearer *bearer, struct span token, struct arena *arena, struct jwt_claims *claims)
{
	return verified_find(bearer->verified, token, key_ring_generation(bearer->ring), clock_now(), arena, claims);
}

/* The claims are the arena's; what is needed only meanwhile is not. */
static enum jwt_result verify(struct bearer *bearer, struct span token, struct arena *arena, struct jwt_claims *claims)
{
	struct arena meanwhile = {0};
	struct keys_in_force keys;
	enum jwt_result result;

	key_ring_borrow(bearer->ring, &keys);
	result = verify_by(bearer, &keys, token, clock_now(), &meanwhile, claims);
	if (result == JWT_VALID) {
		verified_put(bearer->verified, token, keys.generation, claims);
		if (claims->user.data)
			claims->user = arena_copy(arena, claims->user);
	}
	key_ring_return(&keys);
	arena_release(&meanwhile);
	return result;
}

static void fill(int64_t user_id, int64_t expires_at, struct credential *credential)
{
	*credential = (struct credential){.kind = CREDENTIAL_USER_ID,
					  .user_id = user_id,
					  .expires_at = expires_at,
					  .unknown_user = ERROR("User not found", "user_not_found"),
					  .inactive_user = ERROR("User is inactive", "user_inactive")};
}

bool bearer_credential(int64_t user_id, int64_t expires_at, struct credential *credential)
{
	fill(user_id, expires_at, credential);
	return expires_at + JWT_LEEWAY_US > clock_now();
}

/* A claim that can name nobody is the user -1. */
static void name_user(const struct bearer *bearer, struct span user, struct credential *credential)
{
	if (!bearer->names_username) {
		if (!user.data || !span_to_int64(user, &credential->user_id))
			credential->user_id = -1;
	} else if (!user.data || memchr(user.data, '\0', user.length)) {
		credential->user_id = -1;
	} else {
		credential->kind = CREDENTIAL_USERNAME;
		credential->text = user;
		credential->may_create = bearer->creates_users;
	}
}

/* The token is good. */
static enum scheme_result accept(const struct bearer *bearer, const struct jwt_claims *claims,
				 const struct arena *arena, struct credential *credential)
{
	fill(0, claims->expires_at, credential);
	name_user(bearer, claims->user, credential);
	return arena->failed ? SCHEME_NO_MEMORY : SCHEME_READ;
}

/* What was verified before is one word: that need not be looked at again. */
enum scheme_result bearer_read(struct bearer *bearer, struct span words, struct arena *arena,
			       struct credential *credential, const char **refusal)
{
	struct jwt_claims claims;
	struct span jwt;

	if (recall(bearer, span_strip(words), arena, &claims))
		return accept(bearer, &claims, arena, credential);
	jwt = next_word(&words);
	if (jwt.length == 0 || next_word(&words).length > 0) {
		*refusal = ERROR("Authorization header must contain two space-delimited values",
				 "bad_authorization_header");
		return SCHEME_REFUSED;
	}
	return bearer_read_jwt(bearer, jwt, arena, credential, refusal);
}

enum scheme_result bearer_read_jwt(struct bearer *bearer, struct span jwt, struct arena *arena,
				   struct credential *credential, const char **refusal)
{
	struct jwt_claims claims;
	enum jwt_result result = JWT_VALID;

	if (!recall(bearer, jwt, arena, &claims))
		result = verify(bearer, jwt, arena, &claims);
	if (result == JWT_NO_MEMORY || arena->failed)
		return SCHEME_NO_MEMORY;
	if (result != JWT_VALID) {
		*refusal = refusals[result];
		return result == JWT_UNKNOWN_KEY && bearer->fetches_keys ? SCHEME_UNKNOWN_KEY : SCHEME_REFUSED;
	}
	return accept(bearer, &claims, arena, credential);
}
