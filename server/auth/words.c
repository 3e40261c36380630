/* SPDX-License-Identifier: MIT */
/* words.c - the words of an Authorization header. */
#include "words.h"

static bool is_blank(char c)
{
	return c == ' ' || (c >= '\t' && c <= '\r');
}

struct span next_word(struct span *rest)
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
