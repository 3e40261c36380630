/* SPDX-License-Identifier: MIT */
/* key_file.h - a file of keys: public keys in PEM form, or a JWKS. */
#ifndef KEY_FILE_H
#define KEY_FILE_H

#include "jwt_keys.h"

#define KEY_FILE_ERROR_SIZE 160

/* Adds the keys of the file. False: `error` says what is wrong and what to do; some keys may have been added. */
MUST_CHECK bool key_file_read(const char *path, struct jwt_keys *keys, char error[KEY_FILE_ERROR_SIZE]);

#endif
