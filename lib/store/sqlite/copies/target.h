/* SPDX-License-Identifier: MIT */
/* target.h - the database file that a restore replaces: nobody else may have it open meanwhile. */
#ifndef TARGET_H
#define TARGET_H

#include "attributes.h"
#include "directmessages.h"

#include <sqlite3.h>
#include <sys/stat.h>

struct restore_target {
	char *path;      /* owned; without links */
	bool exists;     /* before the restore */
	struct stat was; /* if it exists */
	sqlite3 *db;     /* holds the lock; NULL: there is nothing to lock */
	bool is_damaged; /* SQLite can't read it, so its log is kept beside it as it is */
	char *kept;      /* owned; where it is kept; NULL: it is not */
};

/* Finds the file, which may be missing, and locks it until target_end. DM_BUSY: a process has it open. Whatever it
 * gives, target_end must follow. */
MUST_CHECK enum dm_status target_begin(struct restore_target *target, const char *path, struct dm_error *error);

/* Makes the file whole without its log, gives it a second name with which it is kept, and removes its logs. A new file
 * may have its first name then. */
MUST_CHECK enum dm_status target_keep(struct restore_target *target, struct dm_error *error);

void target_end(struct restore_target *target);

#endif
