/* SPDX-License-Identifier: MIT */
/* token.h - "Authorization: Token KEY", as Django REST Framework's TokenAuthentication reads it. */
#ifndef TOKEN_H
#define TOKEN_H

#include "span.h"

/* Reads the key from the header's value, in which it lies (data NULL: not sent). Returns NULL if there is a key,
 * otherwise the detail of the 401. */
const char *token_from_header(struct span authorization, struct span *key);

/* Whether the text has the form of a ticket: 40 lower-case hex digits. */
bool ticket_has_form(struct span ticket);

#endif
