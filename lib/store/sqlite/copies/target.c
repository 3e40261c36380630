/* SPDX-License-Identifier: MIT */
/* target.c - the database file that a restore replaces: nobody else may have it open meanwhile.
 *
 * A process that has read a database in WAL mode holds a shared lock on its file until it closes it. So a process that
 * gets the exclusive lock is alone, and with it keeps others out. */
#include "target.h"

#include "failure.h"
#include "unfinished_file.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/* How long a process may take that has just ended its work with the file. */
#define BUSY_MS 1000

static enum dm_status refuse_open(const struct restore_target *target, struct dm_error *error)
{
	return fail(error, DM_BUSY, "a server or another program has %.150s open; stop it, then run the restore again",
		    target->path);
}

static bool is_damage(int code)
{
	return (code & 0xFF) == SQLITE_CORRUPT || (code & 0xFF) == SQLITE_NOTADB;
}

static enum dm_status fail_target(const struct restore_target *target, int code, struct dm_error *error)
{
	if ((code & 0xFF) == SQLITE_BUSY || (code & 0xFF) == SQLITE_LOCKED)
		return refuse_open(target, error);
	if ((code & 0xFF) == SQLITE_FULL)
		return fail(error, DM_UNAVAILABLE, "the disk of %.150s is full; make room, then try again",
			    target->path);
	if ((code & 0xFF) == SQLITE_NOMEM)
		return fail(error, DM_NO_MEMORY, "out of memory");
	return fail(error, DM_UNAVAILABLE, "%.120s can't be locked (%s); check its permissions, or move it away",
		    target->path, sqlite3_errmsg(target->db));
}

/* Until the file has proved to be a database, closing it leaves its log as it was. */
static int open_target(struct restore_target *target)
{
	int code = sqlite3_open_v2(target->path, &target->db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, NULL);

	sqlite3_extended_result_codes(target->db, 1);
	sqlite3_busy_timeout(target->db, BUSY_MS);
	if (code == SQLITE_OK)
		code = sqlite3_db_config(target->db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
	return code;
}

/* Locks a file that SQLite can't read, by the same locks. */
static int lock_unread(struct restore_target *target)
{
	sqlite3_file *file = NULL;
	int code;

	sqlite3_close(target->db);
	target->db = NULL;
	code = open_target(target);
	if (code == SQLITE_OK)
		code = sqlite3_file_control(target->db, "main", SQLITE_FCNTL_FILE_POINTER, &file);
	if (code == SQLITE_OK)
		code = file->pMethods->xLock(file, SQLITE_LOCK_SHARED);
	if (code == SQLITE_OK)
		code = file->pMethods->xLock(file, SQLITE_LOCK_EXCLUSIVE);
	return code;
}

static enum dm_status lock(struct restore_target *target, struct dm_error *error)
{
	int code = open_target(target);

	/* Before the first read, so that no index of the log is shared with others. */
	if (code == SQLITE_OK)
		code = sqlite3_exec(target->db, "PRAGMA locking_mode=EXCLUSIVE; BEGIN EXCLUSIVE; COMMIT", NULL, NULL,
				    NULL);
	target->is_damaged = is_damage(code);
	if (target->is_damaged)
		code = lock_unread(target);
	if (code == SQLITE_OK && !target->is_damaged)
		code = sqlite3_db_config(target->db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 0, NULL);
	return code == SQLITE_OK ? DM_OK : fail_target(target, code, error);
}

enum dm_status target_begin(struct restore_target *target, const char *path, struct dm_error *error)
{
	*target = (struct restore_target){0};
	target->path = realpath(path, NULL);
	if (!target->path && errno == ENOENT)
		target->path = strdup(path);
	if (!target->path)
		return errno == ENOMEM ? fail(error, DM_NO_MEMORY, "out of memory") : fail_file(error, path);
	if (stat(target->path, &target->was) != 0)
		return errno == ENOENT ? DM_OK : fail_file(error, path);
	target->exists = true;
	if (!S_ISREG(target->was.st_mode))
		return fail(error, DM_INVALID, "%.150s is not a file; name the database's file", path);
	return lock(target, error);
}

/* Writes the log back into the file and removes it. */
static enum dm_status make_whole(struct restore_target *target, struct dm_error *error)
{
	sqlite3_stmt *statement = NULL;
	int code = sqlite3_prepare_v2(target->db, "PRAGMA journal_mode=DELETE", -1, &statement, NULL);

	if (code == SQLITE_OK)
		code = sqlite3_step(statement) == SQLITE_ROW ? SQLITE_OK : sqlite3_errcode(target->db);
	if (code == SQLITE_OK && strcmp((const char *)sqlite3_column_text(statement, 0), "delete") != 0)
		code = SQLITE_BUSY;
	sqlite3_finalize(statement);
	return code == SQLITE_OK ? DM_OK : fail_target(target, code, error);
}

/* "PATH.before-restore-20261129T160000Z", or with "-2" and so on behind it, as a second name of the file. */
static enum dm_status link_kept(struct restore_target *target, struct dm_error *error)
{
	char stamp[sizeof("20261129T160000Z")];
	time_t now = time(NULL);
	bool is_taken;

	strftime(stamp, sizeof(stamp), "%Y%m%dT%H%M%SZ", gmtime(&now));
	for (int i = 1; i <= 100; i++) {
		char number[16] = "";

		if (i > 1)
			snprintf(number, sizeof(number), "-%d", i);
		if (asprintf(&target->kept, "%s.before-restore-%s%s", target->path, stamp, number) < 0) {
			target->kept = NULL;
			return fail(error, DM_NO_MEMORY, "out of memory");
		}
		if (link(target->path, target->kept) == 0)
			return DM_OK;
		is_taken = errno == EEXIST;
		if (!is_taken)
			fail_file(error, target->kept);
		free(target->kept);
		target->kept = NULL;
		if (!is_taken)
			return error->status;
	}
	return fail(error, DM_UNAVAILABLE, "there are too many kept files beside %.120s; remove some", target->path);
}

/* The log of a file that SQLite can't read is kept beside it: somebody may still make use of the two. */
static enum dm_status keep_log(const struct restore_target *target, struct dm_error *error)
{
	char *log = NULL, *name = NULL;
	enum dm_status status = DM_OK;

	if (!find_log(target->path, &log))
		return DM_OK;
	if (log && asprintf(&name, "%s%s", target->kept ? target->kept : target->path,
			    target->kept ? log + strlen(target->path) : ".before-restore") < 0)
		name = NULL;
	if (!name)
		status = fail(error, DM_NO_MEMORY, "out of memory");
	else if (rename(log, name) != 0)
		status = fail_file(error, name);
	free(log);
	free(name);
	return status;
}

enum dm_status target_keep(struct restore_target *target, struct dm_error *error)
{
	enum dm_status status = DM_OK;

	if (target->exists && !target->is_damaged)
		status = make_whole(target, error);
	if (status == DM_OK && target->exists)
		status = link_kept(target, error);
	if (status == DM_OK && (!target->exists || target->is_damaged))
		status = keep_log(target, error);
	if (status == DM_OK)
		remove_logs(target->path);
	return status;
}

void target_end(struct restore_target *target)
{
	struct stat now;

	/* It was not replaced, so it needs no second name. */
	if (target->kept && !target->is_damaged && stat(target->path, &now) == 0 && is_one_file(&now, &target->was))
		unlink(target->kept);
	sqlite3_close(target->db);
	free(target->path);
	free(target->kept);
}
