/* SPDX-License-Identifier: MIT */
/* send_refusal.c - why the database refuses a send. */
#include "send_refusal.h"

#include "failure.h"

enum dm_status send_refused(enum send_refusal refusal, struct dm_error *error)
{
	switch (refusal) {
	case SEND_TO_BLOCKED:
		return fail(error, DM_NOT_ALLOWED, "You have blocked this user.");
	case SEND_TO_BLOCKER: /* the same as where the allowed recipients forbid it: it does not tell */
		return fail(error, DM_NOT_ALLOWED, "You are not allowed to message this user.");
	default:
		return fail(error, DM_NOT_FOUND, "the sender or the recipient does not exist");
	}
}
