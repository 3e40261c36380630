/* SPDX-License-Identifier: MIT */
/* json.h - writes JSON straight into a buffer, as Django REST Framework's renderer does: compact, UTF-8. */
#ifndef JSON_H
#define JSON_H

#include "buffer.h"

/* A quoted string. `text` is UTF-8; only '"', '\', control characters, U+2028 and U+2029 are escaped. */
void json_string(struct buffer *out, struct span text);

/* "2025-06-06T12:00:00.123456Z" in quotes, from microseconds since 1970. */
void json_time(struct buffer *out, int64_t microseconds);

#endif
