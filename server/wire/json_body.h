/* SPDX-License-Identifier: MIT */
/* json_body.h - reads JSON bodies. */
#ifndef JSON_BODY_H
#define JSON_BODY_H

#include "arena.h"
#include "attributes.h"
#include "buffer.h"

/* Reads the object's member `content` into the arena: a string as it is, a number as Python's str() writes it, and what
 * Python counts as false (missing, null, false, 0, "", [], {}) as the empty text. False: the body is unusable; `detail`
 * is what to tell the client, unless memory was short (arena->failed). */
MUST_CHECK bool json_body_content(struct span body, struct arena *arena, struct span *content, struct buffer *detail);

/* Looks for the object's member of this name, a whole number that is not negative, or a text of its digits; others are
 * ignored. *is_given is false where it is missing. False: as above. */
MUST_CHECK bool json_body_number(struct span body, struct arena *arena, struct span name, bool *is_given,
				 int64_t *number, struct buffer *detail);

/* What to tell a client that gives something else in its place. */
void json_body_refuse_number(struct span name, struct buffer *detail);

/* A member that a body may have. */
struct json_member {
	const char *name;
	enum json_member_kind { JSON_MEMBER_TEXT, JSON_MEMBER_BOOLEAN, JSON_MEMBER_INTEGER, JSON_MEMBER_TEXTS } kind;

	bool is_given;
	struct span text; /* in the arena */
	bool boolean;
	int64_t integer;
	const struct span *texts; /* in the arena */
	size_t texts_count;
};

/* Reads an object that has some of these members, each once, and no others; an empty body has none. False: the body is
 * unusable; `detail` is what to tell the client, unless memory was short (arena->failed). */
MUST_CHECK bool json_body_members(struct span body, struct json_member *members, size_t count, struct arena *arena,
				  struct buffer *detail);

/* A double as Python's str() writes it, and its length: the shortest digits that read back as the same value, "1.0",
 * "1e+16", "1.5e-05". */
#define NUMBER_SIZE 40
size_t number_format(double value, char out[NUMBER_SIZE]);

#endif
