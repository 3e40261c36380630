/* SPDX-License-Identifier: MIT */
/* merge.h - the same look-up for many operations as one statement: its SQL, and its parameters. */
#ifndef MERGE_H
#define MERGE_H

#include "values.h"

/* The SQL that runs a look-up for each element of arrays, which take the place of its parameters ($1::bigint; at most
 * MAX_PARAMETERS). Each row ends with the number, from 1, of its element. To be freed; NULL where there is no memory.
 */
char *merged_text(const char *sql);

/* Makes the parameters of that statement, from those of each look-up. The arrays are the caller's, who releases them in
 * either case. False where there is no memory. */
MUST_CHECK bool merge_parameters(struct parameters *merged, struct buffer arrays[MAX_PARAMETERS],
				 const struct parameters *const *each, size_t count);

#endif
