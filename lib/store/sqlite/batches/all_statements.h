/* SPDX-License-Identifier: MIT */
/* all_statements.h - the statements of all nouns, and of transactions. */
#ifndef ALL_STATEMENTS_H
#define ALL_STATEMENTS_H

#include "session.h"

/* Prepares every statement, unless it is prepared. A mistake in one, or a missing table, shows here and not in a
 * request. */
MUST_CHECK enum dm_status prepare_all_statements(struct sqlite_session *session, struct dm_error *error);

#endif
