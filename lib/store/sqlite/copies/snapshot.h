/* SPDX-License-Identifier: MIT */
/* snapshot.h - copies a database as it is at one moment into another file, while others write to it. */
#ifndef SNAPSHOT_H
#define SNAPSHOT_H

#include "unfinished_file.h"

#include <sqlite3.h>

/* How a copy is made. */
struct snapshot_options {
	bool full_speed;               /* no rest between pieces */
	dm_copy_progress *on_progress; /* may be NULL */
	void *context;
};

/* Begins the moment: what is committed from now on is not seen by this connection. Gives SQLite's code. */
MUST_CHECK int snapshot_begin(sqlite3 *source);

/* Copies what the connection sees to the file, which is empty. `name` is the source's, for errors. */
MUST_CHECK enum dm_status snapshot_copy(sqlite3 *source, const char *name, const struct unfinished_file *to,
					const struct snapshot_options *options, struct dm_error *error);

/* Makes the copy a file that needs no log beside it, runs `sql` in it (NULL: none), and if `check` is set looks at all
 * its pages. DM_UNAVAILABLE: it is damaged, as the source is. */
MUST_CHECK enum dm_status snapshot_complete(const struct unfinished_file *copy, const char *sql, bool check,
					    struct dm_error *error);

#endif
