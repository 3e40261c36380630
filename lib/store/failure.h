/* SPDX-License-Identifier: MIT */
/* failure.h - saying why a call failed: a status and a sentence; the first failure wins. */
#ifndef FAILURE_H
#define FAILURE_H

#include "attributes.h"
#include "directmessages.h"

/* Fills *error (which may be NULL) unless it already tells of a failure, and gives `status` back. */
enum dm_status fail(struct dm_error *error, enum dm_status status, const char *format, ...) PRINTF_LIKE(3, 4);

/* Gives a failure to whoever called the library: replaces what *error (which may be NULL, or never set) held before. */
enum dm_status report(struct dm_error *error, enum dm_status status, const struct dm_error *own);

#endif
