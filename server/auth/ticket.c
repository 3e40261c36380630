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

/* "proxy <user>", or "jwt <user> <seconds>": at most 4 + 19 + 1 + 12 characters, as JWT_MAX_EXPIRY is of the year 9999.
 */
void ticket_format_user(int64_t user_id, int64_t expires_at, char key[DM_TOKEN_LENGTH + 1])
{
	if (expires_at == 0)
		snprintf(key, DM_TOKEN_LENGTH + 1, "proxy %lld", (long long)user_id);
	else
		snprintf(key, DM_TOKEN_LENGTH + 1, "jwt %lld %lld", (long long)user_id,
			 (long long)(expires_at / SECOND));
}

enum ticket_kind ticket_parse_user(struct span key, int64_t *user_id, int64_t *expires_at)
{
	struct span word = span_cut(&key, ' ');
	int64_t seconds;

	if (span_equal(word, SPAN("proxy")) && span_to_int64(key, user_id))
		return TICKET_OF_PROXY;
	if (!span_equal(word, SPAN("jwt")) || !span_to_int64(span_cut(&key, ' '), user_id) ||
	    !span_to_int64(key, &seconds) || seconds > INT64_MAX / SECOND)
		return TICKET_OF_TOKEN;
	*expires_at = seconds * SECOND;
	return TICKET_OF_JWT;
}
