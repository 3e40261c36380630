/* SPDX-License-Identifier: MIT */
/* file_watch.c - whether the file that is open is still the one of that name. */
#include "file_watch.h"

#include "clock.h"
#include "failure.h"

#include <errno.h>
#include <string.h>

#define LOOK_INTERVAL 1000000 /* microseconds */
#define SAVE_BUSY_MS 250      /* how long file_watch_save waits for readers */

static const struct {
	const char *role, *advice;
} texts[] = {
	{"the database file", "stop the server, put the right file there, then start it"},
	{"the database's log", "restart the server, which has saved what was in the log"},
	{"the index of the database's log", "restart the server"},
};

/* Whether another file, or none, has the name now. A file that can't be looked at for another reason is the same. */
static bool is_other(const char *name, struct file_identity *known)
{
	struct stat found;

	if (stat(name, &found) != 0)
		return known->inode != 0 && (errno == ENOENT || errno == ENOTDIR);
	if (known->inode == 0)
		*known = (struct file_identity){found.st_dev, found.st_ino};
	return known->inode != found.st_ino || known->device != found.st_dev;
}

static enum dm_status refuse(struct file_watch *watch, int which)
{
	const char *name = which == FILE_ITSELF ? watch->path : watch->names[which];

	atomic_store(&watch->is_gone, true);
	return fail(&watch->failure, DM_UNAVAILABLE, "%s %.100s was moved, removed or replaced while it was open; %s",
		    texts[which].role, name, texts[which].advice);
}

enum dm_status file_watch_look(struct file_watch *watch, struct dm_error *error)
{
	enum dm_status status;

	pthread_mutex_lock(&watch->mutex);
	if (watch->failure.status == DM_OK && is_other(watch->path, &watch->known[FILE_ITSELF]))
		(void)refuse(watch, FILE_ITSELF);
	for (int i = FILE_ITSELF; i <= FILE_INDEX && watch->failure.status == DM_OK; i++)
		if (is_other(watch->names[i], &watch->known[i]))
			(void)refuse(watch, i);
	status = watch->failure.status;
	if (status != DM_OK)
		*error = watch->failure;
	pthread_mutex_unlock(&watch->mutex);
	atomic_store_explicit(&watch->looked_at, clock_monotonic(), memory_order_relaxed);
	return status;
}

enum dm_status file_watch_ask(struct file_watch *watch, struct dm_error *error)
{
	int_fast64_t looked_at = atomic_load_explicit(&watch->looked_at, memory_order_relaxed);
	int64_t now = clock_monotonic();

	if (!atomic_load_explicit(&watch->is_gone, memory_order_relaxed) &&
	    (now - looked_at < LOOK_INTERVAL || !atomic_compare_exchange_strong(&watch->looked_at, &looked_at, now)))
		return DM_OK;
	return file_watch_look(watch, error);
}

enum dm_status file_watch_begin(struct file_watch *watch, const char *path, sqlite3 *writer, struct dm_error *error)
{
	const char *name = sqlite3_db_filename(writer, "main");
	int is_moved = 0;

	pthread_mutex_init(&watch->mutex, NULL);
	watch->names[FILE_ITSELF] = sqlite3_mprintf("%s", name);
	watch->names[FILE_LOG] = sqlite3_mprintf("%s-wal", name);
	watch->names[FILE_INDEX] = sqlite3_mprintf("%s-shm", name);
	if (!watch->names[FILE_ITSELF] || !watch->names[FILE_LOG] || !watch->names[FILE_INDEX])
		return fail(error, DM_NO_MEMORY, "out of memory");
	watch->path = path;
	if (file_watch_look(watch, error) != DM_OK)
		return error->status;
	/* It may have been replaced since it was opened. */
	if (sqlite3_file_control(writer, "main", SQLITE_FCNTL_HAS_MOVED, &is_moved) == SQLITE_OK && is_moved)
		(void)refuse(watch, FILE_ITSELF);
	return file_watch_look(watch, error);
}

void file_watch_end(struct file_watch *watch)
{
	for (int i = FILE_ITSELF; i <= FILE_INDEX; i++)
		sqlite3_free(watch->names[i]);
	pthread_mutex_destroy(&watch->mutex);
}

void file_watch_refuse_unflushed(struct file_watch *watch)
{
	pthread_mutex_lock(&watch->mutex);
	atomic_store(&watch->keeps_log, true);
	atomic_store(&watch->is_gone, true);
	if (watch->failure.status == DM_OK)
		(void)fail(
			&watch->failure, DM_UNAVAILABLE,
			"the database file %.100s could not be flushed to its disk; check the disk, end all programs "
			"that use the file, then start the server, which has all in the file's log",
			watch->path);
	pthread_mutex_unlock(&watch->mutex);
}

void file_watch_save(struct file_watch *watch, sqlite3 *writer)
{
	if (!atomic_load(&watch->is_gone) || watch->is_saved)
		return;
	if (atomic_load(&watch->keeps_log)) {
		sqlite3_db_config(writer, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
		return;
	}
	sqlite3_busy_timeout(writer, SAVE_BUSY_MS);
	watch->is_saved =
		sqlite3_wal_checkpoint_v2(writer, "main", SQLITE_CHECKPOINT_TRUNCATE, NULL, NULL) == SQLITE_OK;
}
