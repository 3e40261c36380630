/* SPDX-License-Identifier: MIT */
/* ticket.h - what a ticket looks like, and whom it stands for. */
#ifndef TICKET_H
#define TICKET_H

#include "directmessages.h"
#include "span.h"

/* Whether the text has the form of a ticket: 40 lower-case hex digits. */
bool ticket_has_form(struct span ticket);

/* A ticket refers to a key. For a user who came with a token that is the token; for others it is a text that no token
 * is, since it holds blanks: the user and, if they came with a JWT, the time at which that expires, in microseconds
 * since 1970; 0: a proxy has named them. */
void ticket_format_user(int64_t user_id, int64_t expires_at, char key[DM_TOKEN_LENGTH + 1]);

enum ticket_kind { TICKET_OF_TOKEN, TICKET_OF_JWT, TICKET_OF_PROXY };

/* What the key is of. *user_id is filled in if it is not a token, *expires_at if it is a JWT. */
enum ticket_kind ticket_parse_user(struct span key, int64_t *user_id, int64_t *expires_at);

#endif
