/* SPDX-License-Identifier: MIT */
/* arguments.h - checks what a caller gives, so that a caller's mistake is an error and no crash. */
#ifndef ARGUMENTS_H
#define ARGUMENTS_H

#include "attributes.h"
#include "directmessages.h"

/* Checks that the operation has what its kind needs. DM_INVALID: the error says what is missing. */
MUST_CHECK enum dm_status arguments_check(const struct dm_operation *operation, struct dm_error *error);

/* Whether a struct that begins with its size can be of this one: a member that nobody set seldom can. */
MUST_CHECK bool arguments_size_is_valid(size_t size);

/* Copies a struct that begins with its size from the caller, who may have been compiled with an older header (a smaller
 * struct) or with a newer one. *own gets `own_size` bytes; options that the caller does not know are zero. `name` is
 * the struct's, for errors. DM_INVALID: the size can't be right, or the caller sets an option that this library does
 * not know. */
MUST_CHECK enum dm_status arguments_copy(void *own, size_t own_size, const void *given, const char *name,
					 struct dm_error *error);

/* Checks that each text has data, and at most 2 GiB. DM_INVALID. */
MUST_CHECK enum dm_status arguments_check_texts(const struct dm_text *texts, size_t count, struct dm_error *error);

/* Checks that the allowed recipients, if there are any, are given. DM_INVALID. */
MUST_CHECK enum dm_status arguments_check_recipients(const int64_t *user_ids, size_t count, struct dm_error *error);

/* Copies and checks the options of dm_open. The user table is the caller's own, or NULL. */
MUST_CHECK enum dm_status arguments_copy_options(struct dm_options *own, const struct dm_options *given,
						 struct dm_error *error);

#endif
