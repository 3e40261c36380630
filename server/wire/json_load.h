/* SPDX-License-Identifier: MIT */
/* json_load.h - reads JSON with jansson, in bounded memory. */
#ifndef JSON_LOAD_H
#define JSON_LOAD_H

#include "arena.h"
#include "attributes.h"

#include <jansson.h>

enum json_loaded {
	JSON_LOADED,
	JSON_MALFORMED, /* *error says why */
	JSON_TOO_LARGE, /* its values take more than max_bytes */
	JSON_OUT_OF_MEMORY
};

/* Reads any JSON value into `memory`; `flags` are further ones of jansson's. Never call json_decref on *root: release
 * the memory instead, whatever is returned. */
MUST_CHECK enum json_loaded json_load(struct span text, size_t max_bytes, size_t flags, struct arena *memory,
				      json_t **root, json_error_t *error);

#endif
