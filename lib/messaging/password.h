/* SPDX-License-Identifier: MIT */
/* password.h - passwords as Django keeps them. */
#ifndef PASSWORD_H
#define PASSWORD_H

#include "attributes.h"
#include "directmessages.h"

#define PASSWORD_SIZE 129 /* Django's column holds 128 characters */

/* "pbkdf2_sha256$ITERATIONS$SALT$BASE64", or, without a password (data NULL), "!" and 40 random characters, which no
 * password matches. Takes some tenths of a second on purpose. False where the system gives no random numbers. */
MUST_CHECK bool password_encode(struct dm_text password, char out[PASSWORD_SIZE]);

#endif
