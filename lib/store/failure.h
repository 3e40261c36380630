/* SPDX-License-Identifier: MIT */
/* failure.h - saying why a call failed: a status and a sentence; the first failure wins. */
#ifndef FAILURE_H
#define FAILURE_H

#include "attributes.h"
#include "directmessages.h"

/* Fills in *error (which may be NULL) unless it holds a failure already. Gives `status` back. */
enum dm_status fail(struct dm_error *error, enum dm_status status, const char *format, ...) PRINTF_LIKE(3, 4);

/* Hands a failure to the caller of the library: overwrites *error, which may be NULL or uninitialized. Gives `status`
 * back. */
enum dm_status report(struct dm_error *error, enum dm_status status, const struct dm_error *own);

#endif
