/* SPDX-License-Identifier: MIT */
/* base64url.h - base64url without padding (RFC 7515, section 2), read strictly. */
#ifndef BASE64URL_H
#define BASE64URL_H

#include "arena.h"
#include "attributes.h"

/* Decodes into the arena. False: another character, padding, a length that no bytes have, or bits behind the last byte
 * that are not zero (two texts would be the same bytes), or the arena has no memory. */
MUST_CHECK bool base64url_decode(struct span text, struct arena *arena, struct span *bytes);

#endif
