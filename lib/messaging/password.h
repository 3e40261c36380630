/* SPDX-License-Identifier: MIT */
/* password.h - encodes passwords as Django does. */
#ifndef PASSWORD_H
#define PASSWORD_H

#include "attributes.h"
#include "directmessages.h"

#define PASSWORD_SIZE 129 /* Django's column holds 128 characters */

/* Encodes a password as "pbkdf2_sha256$ITERATIONS$SALT$BASE64". Without a password (data NULL) it is "!" and 40 random
 * characters, which no password matches. Takes some tenths of a second, so that guessing is slow. False: the system has
 * no random bytes. */
MUST_CHECK bool password_encode(struct dm_text password, char out[PASSWORD_SIZE]);

/* Encodes that there is no password, likewise. */
#define PASSWORD_NONE_SIZE 42
MUST_CHECK bool password_encode_none(char out[PASSWORD_NONE_SIZE]);

#endif
