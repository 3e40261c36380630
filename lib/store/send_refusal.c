/* SPDX-License-Identifier: MIT */
/* send_refusal.c - why the database refuses a send. */
#include "send_refusal.h"

#include "failure.h"

enum dm_status send_refused(struct dm_operation *operation, enum send_refusal refusal)
{
	struct dm_error *error = &operation->error;
	long long seconds = operation->send.available_in;

	switch (refusal) {
	case SEND_TO_BLOCKED:
		return fail(error, DM_NOT_ALLOWED, "You have blocked this user.");
	case SEND_TO_BLOCKER: /* the same as where the allowed recipients forbid it: it does not tell */
		return fail(error, DM_NOT_ALLOWED, "You are not allowed to message this user.");
	case SEND_LIMITED:
		return fail(error, DM_LIMITED,
			    "You have started too many new conversations. Expected available in %lld second%s.",
			    seconds, seconds == 1 ? "" : "s");
	default:
		return fail(error, DM_NOT_FOUND, "the sender or the recipient does not exist");
	}
}

int64_t partners_wait(const struct dm_op_send *send, int64_t started_at, int64_t now)
{
	int64_t period = send->internal.partners_period, left = started_at + period - now;

	if (left > period) /* the clock was set back since */
		left = period;
	return left > 1000000 ? (left + 999999) / 1000000 : 1;
}
