/* SPDX-License-Identifier: MIT */
/* progress.h - runs a long statement of a migration, and asks on a second connection how far it is; how far another is.
 */
#ifndef PROGRESS_H
#define PROGRESS_H

#include "session.h"

/* Between two reports, in microseconds. */
#define PROGRESS_INTERVAL 1000000

/* Runs one statement outside of a transaction. While it runs watch->on_progress is told once a second how far it is, in
 * a line that begins with `what`. *report_at, of clock_monotonic(), is when the next line is due: of many short
 * statements, which one after the other are watched with the same one, that of each second is told of. */
MUST_CHECK enum dm_status progress_execute(struct pg_session *session, const char *sql, const char *what,
					   const struct store_watch *watch, int64_t *report_at, struct dm_error *error);

/* Tells watch->on_progress how far another session is that makes an index, by the number of its process, in a line that
 * begins with `what`; `what` alone where it makes none, or belongs to a role that we may not look at. */
void progress_of_another(struct pg_session *session, int pid, const char *what, const struct store_watch *watch);

#endif
