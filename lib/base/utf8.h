/* SPDX-License-Identifier: MIT */
/* utf8.h - is it UTF-8, and how many characters. */
#ifndef UTF8_H
#define UTF8_H

#include "buffer.h"

/* By RFC 3629: no overlong forms, no surrogates, nothing beyond U+10FFFF. NUL counts as valid. */
bool utf8_valid(const char *data, size_t length);

/* Code points in valid UTF-8, which is what Python's len() counts. */
size_t utf8_count(const char *data, size_t length);

/* Appends bytes of an HTTP header, which have no encoding of their own: each is taken as a character of Latin-1. */
void utf8_append_latin1(struct buffer *out, struct span text);

#endif
