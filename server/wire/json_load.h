/* SPDX-License-Identifier: MIT */
/* json_load.h - jansson in memory that is bounded, and whose end it can't overlook. */
#ifndef JSON_LOAD_H
#define JSON_LOAD_H

#include "arena.h"
#include "attributes.h"

#include <jansson.h>

enum json_loaded {
	JSON_LOADED,
	JSON_MALFORMED, /* *error says why */
	JSON_TOO_LARGE, /* its values take more memory than they may */
	JSON_OUT_OF_MEMORY
};

/* Reads any JSON value; *root is the memory's, like all that it refers to: never call json_decref. The memory is
 * to be released whatever is returned. */
MUST_CHECK enum json_loaded json_load(struct span text, size_t most_bytes, struct arena *memory, json_t **root,
				      json_error_t *error);

#endif
