/* SPDX-License-Identifier: MIT */
/* token.c - "Authorization: Token KEY". */
#include "token.h"

#include "directmessages.h"

#include <string.h>

static bool is_blank(char c)
{
	return c == ' ' || (c >= '\t' && c <= '\r');
}

/* Cuts the next word off *rest, as Python's bytes.split() does; empty at the end. */
static struct span next_word(struct span *rest)
{
	struct span word;

	while (rest->length > 0 && is_blank(*rest->data)) {
		rest->data++;
		rest->length--;
	}
	word = (struct span){rest->data, 0};
	while (rest->length > 0 && !is_blank(*rest->data)) {
		word.length++;
		rest->data++;
		rest->length--;
	}
	return word;
}

const char *token_from_header(struct span authorization, struct span *key)
{
	struct span scheme = next_word(&authorization);

	if (!span_equal_nocase(scheme, SPAN("Token")))
		return "Authentication credentials were not provided.";
	*key = next_word(&authorization);
	if (key->length == 0)
		return "Invalid token header. No credentials provided.";
	if (next_word(&authorization).length > 0)
		return "Invalid token header. Token string should not contain spaces.";
	for (size_t i = 0; i < key->length; i++)
		if ((unsigned char)key->data[i] >= 0x80)
			return "Invalid token header. Token string should not contain invalid characters.";
	return NULL;
}

bool ticket_has_form(struct span ticket)
{
	return ticket.length == DM_TOKEN_LENGTH && !memchr(ticket.data, '\0', ticket.length) &&
	       strspn(ticket.data, "0123456789abcdef") >= ticket.length;
}
