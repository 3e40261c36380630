/* SPDX-License-Identifier: MIT */
/* file_watch.h - whether the database that is open is still the one that its name stands for. A file may be moved,
 * replaced or removed under a program that has it open, which would go on in what nobody finds again. */
#ifndef FILE_WATCH_H
#define FILE_WATCH_H

#include "attributes.h"
#include "directmessages.h"

#include <pthread.h>
#include <sqlite3.h>
#include <stdatomic.h>
#include <sys/stat.h>

struct file_watch {
	const char *path; /* as the user names it; NULL before file_watch_begin */
	char *names[3];   /* as SQLite does: the file, its log (-wal), the log's index (-shm) */
	struct file_identity {
		dev_t device;
		ino_t inode; /* 0: not known yet */
	} known[3];
	pthread_mutex_t mutex; /* guards `known` and `why` */
	struct dm_error why;
	atomic_int_fast64_t looked_at;
	atomic_bool is_gone; /* for good: what was done to the file meanwhile nobody knows */
	bool is_saved;       /* the writer's: the log was written back since then */
};

/* After the writer has opened the file, and before anybody else does. */
MUST_CHECK enum dm_status file_watch_begin(struct file_watch *watch, const char *path, sqlite3 *writer,
					   struct dm_error *error);
void file_watch_end(struct file_watch *watch);

/* Looks, which takes some microseconds; DM_UNAVAILABLE, also ever after. */
MUST_CHECK enum dm_status file_watch_look(struct file_watch *watch, struct dm_error *error);

/* The same, but looks once a second at most. */
MUST_CHECK enum dm_status file_watch_ask(struct file_watch *watch, struct dm_error *error);

/* Where the file is gone: what was committed goes from the log into the file that is open, wherever that is now, and
 * the log is emptied, so that SQLite does not take it for that of another file of the same name. Outside of a
 * transaction. */
void file_watch_save(struct file_watch *watch, sqlite3 *writer);

#endif
