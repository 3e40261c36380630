/* SPDX-License-Identifier: MIT */
/* copies.h - backups of a database file, and restoring them. */
#ifndef COPIES_H
#define COPIES_H

#include "file_watch.h"
#include "store.h"

/* dm_backup of the file `path`, which `watch` watches. `backup` is complete, whatever the caller's size was. */
MUST_CHECK enum dm_status backup_make(const char *path, const struct store_options *options, struct file_watch *watch,
				      const struct dm_backup *backup, int64_t *bytes, struct dm_error *error);

/* dm_restore to the file `path`. */
MUST_CHECK enum dm_status restore_from(const char *path, const struct dm_restore *restore, char **kept,
				       struct dm_error *error);

#endif
