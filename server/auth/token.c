/* SPDX-License-Identifier: MIT */
/* token.c - "Authorization: Token KEY". */
#include "token.h"

#include "words.h"

#define DETAIL(text) "{\"detail\":\"" text "\"}"

void token_credential(struct span key, struct credential *credential)
{
	*credential = (struct credential){.kind = CREDENTIAL_TOKEN,
					  .text = key,
					  .unknown_user = DETAIL("Invalid token."),
					  .inactive_user = DETAIL("User inactive or deleted.")};
}

enum scheme_result token_read(struct span words, struct credential *credential, const char **refusal)
{
	struct span key = next_word(&words);

	if (key.length == 0) {
		*refusal = DETAIL("Invalid token header. No credentials provided.");
		return SCHEME_REFUSED;
	}
	if (next_word(&words).length > 0) {
		*refusal = DETAIL("Invalid token header. Token string should not contain spaces.");
		return SCHEME_REFUSED;
	}
	for (size_t i = 0; i < key.length; i++)
		if ((unsigned char)key.data[i] >= 0x80) {
			*refusal = DETAIL("Invalid token header. Token string should not contain invalid characters.");
			return SCHEME_REFUSED;
		}
	token_credential(key, credential);
	return SCHEME_READ;
}
