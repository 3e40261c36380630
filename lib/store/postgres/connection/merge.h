/* SPDX-License-Identifier: MIT */
/* merge.h - the same look-up for many operations as one statement: its SQL, and its parameters. */
#ifndef MERGE_H
#define MERGE_H

#include "values.h"

/* The SQL that runs a look-up for each element of arrays, which stand in the place of its parameters ($1::bigint; at
 * most PARAMETERS_MOST). Each row ends with the number of its element, from 1. The caller frees it; NULL where there is
 * no memory. */
char *merged_text(const char *sql);

/* The parameters of that statement, from those of each: arrays, which are the caller's to release. False where there
 * is no memory. */
MUST_CHECK bool merge_parameters(struct parameters *merged, struct buffer arrays[PARAMETERS_MOST],
				 const struct parameters *const *each, size_t count);

#endif
