/* SPDX-License-Identifier: MIT */
/* ticket.h - what a ticket looks like, and whom it stands for. */
#ifndef TICKET_H
#define TICKET_H

#include "directmessages.h"
#include "span.h"

/* Whether the text has the form of a ticket: 40 lower-case hex digits. */
bool ticket_has_form(struct span ticket);

/* A ticket refers to a key. For a user who came with a token that is the token; for one who came with a JWT it is a
 * text that no token is, since it holds blanks: the user and the time at which the JWT expires, in microseconds since
 * 1970. */
void ticket_format_user(int64_t user_id, int64_t expires_at, char key[DM_TOKEN_LENGTH + 1]);

/* False: the key is a token. */
bool ticket_parse_user(struct span key, int64_t *user_id, int64_t *expires_at);

#endif
