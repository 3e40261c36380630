/* SPDX-License-Identifier: MIT */
/* json_body.h - reading the content out of a JSON body. */
#ifndef JSON_BODY_H
#define JSON_BODY_H

#include "arena.h"
#include "attributes.h"
#include "buffer.h"

/* Reads the object's member `content`. A string is given as it is and a number as Python's str() shows it; what Python
 * counts as false (missing, null, false, 0, "", [], {}) is given as the empty text. False where the body can't be used:
 * then `detail` holds the sentence for the client, unless memory was short (arena->failed). *content is the arena's. */
MUST_CHECK bool json_body_content(struct span body, struct arena *arena, struct span *content, struct buffer *detail);

/* A double as Python's str(): the shortest digits that read back as the same value, "1.0", "1e+16", "1.5e-05". */
#define NUMBER_SIZE 40
size_t number_format(double value, char out[NUMBER_SIZE]);

#endif
