/* SPDX-License-Identifier: MIT */
/* errors.c - which failure of the library becomes which response. */
#include "errors.h"

#define TRY_LATER \
	{ \
		503, "Service temporarily unavailable.", true \
	}
#define NO_SUCH_USER \
	{ \
		404, "No User matches the given query.", false \
	}
#define DEFECT \
	{ \
		500, "Internal server error.", false \
	}

static const struct error_response responses[] = {
	[DM_OK] = DEFECT,
	[DM_NOT_FOUND] = NO_SUCH_USER,
	[DM_EXISTS] = {409, NULL, false},
	[DM_INVALID] = {400, NULL, false},
	[DM_SELF] = {400, NULL, false},
	[DM_NOT_ALLOWED] = {400, NULL, false},
	[DM_INACTIVE] = {401, "User inactive or deleted.", false},
	[DM_BUSY] = TRY_LATER,
	[DM_UNAVAILABLE] = TRY_LATER,
	[DM_SCHEMA] = TRY_LATER,
	[DM_NO_MEMORY] = TRY_LATER,
	[DM_INTERNAL] = DEFECT,
	[DM_KEY_REUSED] = {422, NULL, false},
	[DM_KEY_GONE] = {409, NULL, false},
	[DM_LIMITED] = {429, NULL, false},
};

const struct error_response *error_response(enum dm_status status)
{
	return &responses[status];
}
