/* SPDX-License-Identifier: MIT */
/* arguments.h - whether an operation has what its kind needs, so that no mistake of a caller's is a crash. */
#ifndef ARGUMENTS_H
#define ARGUMENTS_H

#include "attributes.h"
#include "directmessages.h"

/* DM_INVALID, with what is missing, or DM_OK. */
MUST_CHECK enum dm_status arguments_check(const struct dm_operation *operation, struct dm_error *error);

/* Those of dm_open. */
MUST_CHECK enum dm_status arguments_check_options(const struct dm_options *options, struct dm_error *error);

#endif
