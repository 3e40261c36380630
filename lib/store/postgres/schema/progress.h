/* SPDX-License-Identifier: MIT */
/* progress.h - runs a long statement of a migration, and asks on a second connection how far it is; how far another is.
 */
#ifndef PROGRESS_H
#define PROGRESS_H

#include "session.h"

/* Runs one statement outside of a transaction. While it runs watch->on_progress is told once a second how far it is, in
 * a line that begins with `what`. */
MUST_CHECK enum dm_status progress_execute(struct pg_session *session, const char *sql, const char *what,
					   const struct store_watch *watch, struct dm_error *error);

/* Tells watch->on_progress how far another session is that makes an index, by the number of its process, in a line that
 * begins with `what`; `what` alone where it makes none, or belongs to a role that we may not look at. */
void progress_of_another(struct pg_session *session, int pid, const char *what, const struct store_watch *watch);

#endif
