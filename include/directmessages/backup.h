/* SPDX-License-Identifier: MIT */
/* backup.h - a copy of a database on SQLite while it is in use, and the way back. PostgreSQL has its own tools for both
 * (pg_dump, pg_restore). The rules for all functions are in directmessages.h. */
#ifndef DIRECTMESSAGES_BACKUP_H
#define DIRECTMESSAGES_BACKUP_H

#include "core.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Told several times a second how many bytes are copied, of how many. Returning false ends the copying, which fails
 * with DM_BUSY and leaves nothing behind. */
typedef bool dm_copy_progress(void *context, int64_t done, int64_t all);

struct dm_backup {
	size_t size;                   /* see DM_BACKUP_INIT */
	const char *file;              /* where the copy goes */
	bool replace;                  /* a file of that name is replaced; otherwise it is DM_EXISTS */
	bool check;                    /* look at all pages of the copy before it gets its name */
	bool full_speed;               /* do not rest between pieces for the sake of those who write meanwhile */
	dm_copy_progress *on_progress; /* on the caller's thread; may be NULL */
	void *context;
};
#define DM_BACKUP_INIT DM_SIZED(struct dm_backup)

/* Copies a database on SQLite as it is at the beginning of the call: all that was committed before is in the copy, and
 * nothing that is committed later. Others read and write meanwhile; the log beside the database grows by what they
 * write. The copy is one file with the mode 0600. It is written to the file's name with ".partial" behind it, and gets
 * its name when it is whole and on the disk. After a failure there is no file; a process that is killed leaves the
 * partial one, which the next call replaces. *bytes (may be NULL) tells its size.
 * DM_INVALID: the database is not on SQLite, or the file is the database. DM_EXISTS: there is such a file, or a log of
 * one. DM_BUSY: another process writes it. DM_UNAVAILABLE: the disk is full; the database was moved meanwhile. */
DM_CHECK enum dm_status dm_backup(dm *handle, const struct dm_backup *backup, int64_t *bytes, struct dm_error *error);

struct dm_restore {
	size_t size;                   /* see DM_RESTORE_INIT */
	const char *database;          /* the URL of what is replaced, as in struct dm_options: sqlite:///... */
	const char *file;              /* the backup; it is only read */
	dm_copy_progress *on_progress; /* on the caller's thread; may be NULL */
	void *context;
};
#define DM_RESTORE_INIT DM_SIZED(struct dm_restore)

/* Puts a copy of a backup in the place of a database on SQLite that no process has open. The event log in it gets a new
 * epoch: positions from before are no longer valid, so that nothing is skipped silently. The database from before is
 * kept beside it; *kept gets its path (free it with free(); NULL if there was no database; `kept` may be NULL).
 * Whenever the process is killed, either the old or the new database is there whole; before the last step nothing is
 * changed but that the old one's log may have been written back into it. The new file has the owner and the mode of
 * the old one, or the mode 0600. Afterwards dm_migrate brings the schema up to date if the backup is an older one's.
 * DM_INVALID: the database is not on SQLite; the backup is not a database with messages; it is the database itself.
 * DM_BUSY: a process has the database open. DM_SCHEMA: a newer version made the backup. DM_UNAVAILABLE: there is no
 * such file; it is damaged; the disk is full. */
DM_CHECK enum dm_status dm_restore(const struct dm_restore *restore, char **kept, struct dm_error *error);

#ifdef __cplusplus
}
#endif
#endif
