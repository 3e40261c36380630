/* SPDX-License-Identifier: MIT */
/* progress.h - how far a long statement of a migration is, asked on a second connection. */
#ifndef PROGRESS_H
#define PROGRESS_H

#include "session.h"

/* Runs one statement outside of a transaction; while it takes long the watch is told, now and then, how far `what` is.
 */
MUST_CHECK enum dm_status progress_execute(struct session *session, const char *sql, const char *what,
					   const struct store_watch *watch, struct dm_error *error);

#endif
