/* SPDX-License-Identifier: MIT */
/* file_watch.h - whether the file that is open is still the one of that name. A file may be moved, replaced or removed
 * while a program has it open; the program would go on writing to what nobody finds again. */
#ifndef FILE_WATCH_H
#define FILE_WATCH_H

#include "attributes.h"
#include "directmessages.h"

#include <pthread.h>
#include <sqlite3.h>
#include <stdatomic.h>
#include <sys/stat.h>

/* Which of its files: the database, its log (-wal), the log's index (-shm). */
enum { FILE_ITSELF, FILE_LOG, FILE_INDEX };

struct file_watch {
	const char *path; /* as the user names the file; NULL before file_watch_begin */
	char *names[3];   /* as SQLite names the file, its log (-wal), the log's index (-shm) */
	struct file_identity {
		dev_t device;
		ino_t inode; /* 0: not known yet */
	} known[3];
	pthread_mutex_t mutex; /* guards `known` and `failure` */
	struct dm_error failure;
	atomic_int_fast64_t looked_at; /* by the monotonic clock */
	atomic_bool is_gone;           /* for good: nobody knows what was done to the file meanwhile */
	bool is_saved;                 /* the writer's: the log was written back since the file is gone */
	atomic_bool keeps_log;         /* what was written back from the log may be lost */
};

/* Called after the writer has opened the file, and before anybody else does. `path` must outlive the watch. */
MUST_CHECK enum dm_status file_watch_begin(struct file_watch *watch, const char *path, sqlite3 *writer,
					   struct dm_error *error);
void file_watch_end(struct file_watch *watch);

/* Looks at the file, which takes some microseconds. DM_UNAVAILABLE where it is gone, and then ever after. */
MUST_CHECK enum dm_status file_watch_look(struct file_watch *watch, struct dm_error *error);

/* The same, but looks at most once a second. */
MUST_CHECK enum dm_status file_watch_ask(struct file_watch *watch, struct dm_error *error);

/* Says that what was written back from the log into the file could not be flushed, so that nobody knows what of it is
 * on the disk. The log has it all, and is kept: who opens the file next, when nobody has it open any more, writes it
 * back from the beginning. Until then the file is refused, as if it were gone. */
void file_watch_refuse_unflushed(struct file_watch *watch);

/* If the file is gone, moves what was committed from the log into the file that is open, wherever that is now, and
 * empties the log, so that SQLite does not take it for the log of another file of the same name. To be called outside
 * of a transaction. */
void file_watch_save(struct file_watch *watch, sqlite3 *writer);

#endif
