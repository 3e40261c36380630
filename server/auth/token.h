/* SPDX-License-Identifier: MIT */
/* token.h - "Authorization: Token KEY", as Django REST Framework's TokenAuthentication reads it. */
#ifndef TOKEN_H
#define TOKEN_H

#include "credential.h"

/* Reads the words behind "Token". The key stays where it is, in the header. */
enum scheme_result token_read(struct span words, struct credential *credential, const char **refusal);

/* Makes the credential of a key. */
void token_credential(struct span key, struct credential *credential);

#endif
