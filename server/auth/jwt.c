/* SPDX-License-Identifier: MIT */
/* jwt.c - a JWT: the claims of a signed text, and whom they name. */
#include "jwt.h"

#include "json_load.h"
#include "jws.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* Of the values of the claims: a text of JWS_MAX_LENGTH can't need more. */
#define MAX_VALUES (1 << 20)

#define SECOND INT64_C(1000000)

/* Reads a time of whole or broken seconds as microseconds; times far away count as the end of the year 9999, or of the
 * year before Christ. False: it is no number. */
static bool parse_time(const json_t *claim, int64_t *microseconds)
{
	double seconds = json_number_value(claim);

	if (!json_is_number(claim))
		return false;
	if (seconds >= (double)JWT_MAX_EXPIRY || seconds <= -(double)JWT_MAX_EXPIRY)
		*microseconds = (seconds < 0 ? -JWT_MAX_EXPIRY : JWT_MAX_EXPIRY) * SECOND;
	else
		*microseconds = json_is_integer(claim) ? json_integer_value(claim) * SECOND : (int64_t)seconds * SECOND;
	return true;
}

/* Whether the time is absent, or not later than now. */
static bool has_come(const json_t *claim, int64_t now)
{
	int64_t time;

	return !claim || (parse_time(claim, &time) && time <= now + JWT_LEEWAY_US);
}

static bool is_text(const json_t *value, const char *text)
{
	return json_is_string(value) && json_string_length(value) == strlen(text) &&
	       strcmp(json_string_value(value), text) == 0;
}

static bool is_for(const json_t *audience, const char *wanted)
{
	if (!wanted || is_text(audience, wanted))
		return true;
	for (size_t i = 0; i < json_array_size(audience); i++)
		if (is_text(json_array_get(audience, i), wanted))
			return true;
	return false;
}

/* The order is that of PyJWT and SimpleJWT: the first claim that is wrong decides what is said. */
static enum jwt_result check(const json_t *root, const struct jwt_rules *rules, int64_t now, struct jwt_claims *claims)
{
	const json_t *expiry = json_object_get(root, "exp"), *type = json_object_get(root, "token_type");

	if (!json_is_object(root) || !has_come(json_object_get(root, "iat"), now) ||
	    !has_come(json_object_get(root, "nbf"), now) || (expiry && !parse_time(expiry, &claims->expires_at)))
		return JWT_INVALID;
	if (expiry && claims->expires_at + JWT_LEEWAY_US <= now)
		return JWT_EXPIRED;
	if ((rules->issuer && !is_text(json_object_get(root, "iss"), rules->issuer)) ||
	    !is_for(json_object_get(root, "aud"), rules->audience))
		return JWT_INVALID;
	if (!expiry)
		return JWT_NO_EXPIRY;
	if (type && !is_text(type, "access"))
		return JWT_WRONG_TYPE;
	return json_object_get(root, rules->claim) ? JWT_VALID : JWT_NO_USER;
}

static struct span user_of(const json_t *claim, struct arena *arena)
{
	char number[24];

	if (json_is_string(claim))
		return (struct span){json_string_value(claim), json_string_length(claim)};
	if (!json_is_integer(claim))
		return (struct span){NULL, 0};
	snprintf(number, sizeof(number), "%" JSON_INTEGER_FORMAT, json_integer_value(claim));
	return arena_copy(arena, span_from(number));
}

static enum jwt_result refusal_of(enum jws_result signature)
{
	switch (signature) {
	case JWS_UNKNOWN_KEY:
		return JWT_UNKNOWN_KEY;
	case JWS_NO_MEMORY:
		return JWT_NO_MEMORY;
	default:
		return JWT_INVALID;
	}
}

enum jwt_result jwt_verify(struct span token, const struct jwt_keys *keys, const struct jwt_rules *rules, int64_t now,
			   struct arena *arena, struct jwt_claims *claims)
{
	struct span payload;
	enum jws_result signature = jws_verify(token, keys, arena, &payload);
	enum jwt_result result;
	json_error_t error;
	json_t *root;

	if (signature != JWS_VERIFIED)
		return refusal_of(signature);
	switch (json_load(payload, MAX_VALUES, JSON_REJECT_DUPLICATES, arena, &root, &error)) {
	case JSON_LOADED:
		break;
	case JSON_OUT_OF_MEMORY:
		return JWT_NO_MEMORY;
	default:
		return JWT_INVALID;
	}
	result = check(root, rules, now, claims);
	if (result == JWT_VALID)
		claims->user = user_of(json_object_get(root, rules->claim), arena);
	return arena->failed ? JWT_NO_MEMORY : result;
}
