/* SPDX-License-Identifier: MIT */
/* ticket.c - what a ticket looks like, and whom it stands for. */
#include "ticket.h"

#include <stdio.h>
#include <string.h>

#define SECOND INT64_C(1000000)

bool ticket_has_form(struct span ticket)
{
	return ticket.length == DM_TOKEN_LENGTH && !memchr(ticket.data, '\0', ticket.length) &&
	       strspn(ticket.data, "0123456789abcdef") >= ticket.length;
}

/* "jwt <user> <seconds>": at most 4 + 19 + 1 + 12 characters, as JWT_MAX_EXPIRY is of the year 9999. */
void ticket_format_user(int64_t user_id, int64_t expires_at, char key[DM_TOKEN_LENGTH + 1])
{
	snprintf(key, DM_TOKEN_LENGTH + 1, "jwt %lld %lld", (long long)user_id, (long long)(expires_at / SECOND));
}

bool ticket_parse_user(struct span key, int64_t *user_id, int64_t *expires_at)
{
	int64_t seconds;

	if (!span_equal(span_cut(&key, ' '), SPAN("jwt")) || !span_to_int64(span_cut(&key, ' '), user_id) ||
	    !span_to_int64(key, &seconds) || seconds > INT64_MAX / SECOND)
		return false;
	*expires_at = seconds * SECOND;
	return true;
}
