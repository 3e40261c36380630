/* SPDX-License-Identifier: MIT */
/* token.h - "Authorization: Token KEY", as Django REST Framework's TokenAuthentication reads it. */
#ifndef TOKEN_H
#define TOKEN_H

#include "span.h"

/* Reads the key out of the header's value (data NULL: not sent). NULL where there is one; otherwise the detail of the
 * 401. */
const char *token_from_header(struct span authorization, struct span *key);

/* Whether the text has the form of a ticket: 40 lower-case hex digits. */
bool ticket_has_form(struct span ticket);

#endif
