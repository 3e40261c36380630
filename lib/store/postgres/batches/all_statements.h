/* SPDX-License-Identifier: MIT */
/* all_statements.h - the statements of all nouns, and of transactions. */
#ifndef ALL_STATEMENTS_H
#define ALL_STATEMENTS_H

#include "postgres.h"

/* Fills in the statements of a database. */
MUST_CHECK enum dm_status pg_add_all_statements(struct postgres *postgres, struct dm_error *error);

#endif
