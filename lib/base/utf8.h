/* SPDX-License-Identifier: MIT */
/* utf8.h - checking UTF-8 and counting its characters. */
#ifndef UTF8_H
#define UTF8_H

#include "buffer.h"

/* By RFC 3629: no overlong forms, no surrogates, nothing beyond U+10FFFF. NUL counts as valid. */
bool utf8_valid(const char *data, size_t length);

/* The length of the character at the beginning of `left` bytes; 0 if no valid one is there. */
size_t utf8_length(const char *data, size_t left);

/* Counts the code points of valid UTF-8, as Python's len() does. */
size_t utf8_count(const char *data, size_t length);

/* How many bytes the first so many code points of valid UTF-8 have; its end may be cut within one. */
size_t utf8_prefix(const char *data, size_t length, size_t characters);

/* Appends bytes of an HTTP header as UTF-8. They have no encoding of their own, so each counts as Latin-1. */
void utf8_append_latin1(struct buffer *out, struct span text);

#endif
