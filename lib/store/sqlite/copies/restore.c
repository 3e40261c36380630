/* SPDX-License-Identifier: MIT */
/* restore.c - puts a copy of a backup in the place of a database file.
 *
 * The copy is made and checked beside the file, under another name. Then the old file gets a second name, and in one
 * step the new one gets its place. Until then nothing is lost that can't be found under the old name. */
#include "copies.h"

#include "failure.h"
#include "migrations.h"
#include "nouns.h"
#include "snapshot.h"
#include "target.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* ---- the backup ---------------------------------------------------------------------------------------------- */

static enum dm_status fail_backup(sqlite3 *db, int code, const char *file, struct dm_error *error)
{
	switch (code & 0xFF) {
	case SQLITE_NOMEM:
		return fail(error, DM_NO_MEMORY, "out of memory");
	case SQLITE_NOTADB:
		return fail(error, DM_INVALID, "%.150s is not an SQLite database; name a backup", file);
	default:
		return fail(error, DM_UNAVAILABLE, "the backup %.100s can't be read (%s); use another one", file,
			    db ? sqlite3_errmsg(db) : sqlite3_errstr(code));
	}
}

/* The file as a URI. NULL: no memory. To be freed. */
static char *uri_of(const char *file, const char *parameters)
{
	static const char digits[] = "0123456789ABCDEF";
	size_t length = strlen(file);
	char *uri = malloc(sizeof("file:") + 3 * length + strlen(parameters)), *to = uri;

	if (!uri)
		return NULL;
	to = stpcpy(to, "file:");
	for (; *file; file++) {
		if (strchr("%?#", *file)) {
			*to++ = '%';
			*to++ = digits[(unsigned char)*file >> 4];
			*to++ = digits[(unsigned char)*file & 0xF];
		} else {
			*to++ = *file;
		}
	}
	stpcpy(to, parameters);
	return uri;
}

/* Opens the backup for reading. If no log lies beside it, SQLite shall make none, nor an index: the folder may be
 * read-only, or another user's. */
static int open_backup(const char *file, sqlite3 **db)
{
	char *log = NULL;
	bool has_log = find_log(file, &log);
	char *uri = uri_of(file, has_log ? "?mode=ro" : "?mode=ro&immutable=1");
	int code = SQLITE_NOMEM;

	if (uri)
		code = sqlite3_open_v2(uri, db, SQLITE_OPEN_READONLY | SQLITE_OPEN_URI | SQLITE_OPEN_NOMUTEX, NULL);
	if (*db)
		sqlite3_extended_result_codes(*db, 1);
	free(uri);
	free(log);
	return code;
}

/* The number that a SELECT gives; 0 if it gives none. */
static int ask(sqlite3 *db, const char *sql, int64_t *number)
{
	sqlite3_stmt *statement = NULL;
	int code = sqlite3_prepare_v2(db, sql, -1, &statement, NULL);

	*number = 0;
	if (code == SQLITE_OK)
		code = sqlite3_step(statement);
	if (code == SQLITE_ROW)
		*number = sqlite3_column_int64(statement, 0);
	sqlite3_finalize(statement);
	return code == SQLITE_ROW || code == SQLITE_DONE ? SQLITE_OK : code;
}

/* A database whose tables Django has made, and no `migrate` yet, has no record of steps. */
static enum dm_status check_tables(sqlite3 *db, const char *file, bool *has_log, struct dm_error *error)
{
	int64_t has_messages = 0, has_record = 0, log = 0, number = 0;
	int code = ask(db, "SELECT count(*) FROM sqlite_master WHERE name = 'directmessages_message'", &has_messages);

	if (code == SQLITE_OK)
		code = ask(db, "SELECT count(*) FROM sqlite_master WHERE name = '" MIGRATION_RECORD "'", &has_record);
	if (code == SQLITE_OK)
		code = ask(db,
			   "SELECT count(*) FROM pragma_table_info('directmessages_event_log')"
			   " WHERE name = 'epoch'",
			   &log);
	if (code == SQLITE_OK && has_record)
		code = ask(db, "SELECT max(number) FROM " MIGRATION_RECORD, &number);
	if (code != SQLITE_OK)
		return fail_backup(db, code, file, error);
	if (!has_messages)
		return fail(error, DM_INVALID, "%.150s has no table of messages; name a backup of this database", file);
	if (number > migrations[migrations_count - 1].number)
		return fail(error, DM_SCHEMA, "the backup was made by a newer version; use that version's program");
	*has_log = log != 0;
	return DM_OK;
}

/* ---- the steps ----------------------------------------------------------------------------------------------- */

static enum dm_status copy_backup(sqlite3 *db, const struct dm_restore *restore, const struct unfinished_file *to,
				  struct dm_error *error)
{
	const struct snapshot_options options = {true, restore->on_progress, restore->context};
	bool has_log = false;
	int code = snapshot_begin(db);
	enum dm_status status;

	if (code != SQLITE_OK)
		return fail_backup(db, code, restore->file, error);
	status = check_tables(db, restore->file, &has_log, error);
	if (status == DM_OK)
		status = snapshot_copy(db, restore->file, to, &options, error);
	return status == DM_OK ? snapshot_complete(to, has_log ? NEW_EPOCH : NULL, true, error) : status;
}

/* The server must be able to open the new file if it was able to open the old one. */
static enum dm_status give_owner(const struct unfinished_file *file, const struct restore_target *target,
				 struct dm_error *error)
{
	if (!target->exists)
		return DM_OK;
	if (fchown(file->descriptor, target->was.st_uid, target->was.st_gid) != 0 ||
	    fchmod(file->descriptor, target->was.st_mode & 07777) != 0)
		return fail(error, DM_UNAVAILABLE,
			    "the new file can't be given the owner of %.120s (%s); run this as that user, or as root",
			    target->path, strerror(errno));
	return DM_OK;
}

static enum dm_status check_file(const struct dm_restore *restore, const struct restore_target *target,
				 struct dm_error *error)
{
	struct stat found;

	if (stat(restore->file, &found) != 0)
		return fail(error, DM_UNAVAILABLE, "the backup %.120s can't be read (%s); name another file",
			    restore->file, strerror(errno));
	if (!S_ISREG(found.st_mode))
		return fail(error, DM_INVALID, "%.150s is not a file; name a backup", restore->file);
	if (target->exists && is_one_file(&found, &target->was))
		return fail(error, DM_INVALID, "%.150s is the database itself; name a backup", restore->file);
	return DM_OK;
}

static enum dm_status replace(struct restore_target *target, const struct dm_restore *restore,
			      struct unfinished_file *new, struct dm_error *error)
{
	sqlite3 *db = NULL;
	enum dm_status status = unfinished_begin(new, target->path, ".restoring", restore->file, error);
	int code;

	if (status != DM_OK)
		return status;
	code = open_backup(restore->file, &db);
	status = code == SQLITE_OK ? copy_backup(db, restore, new, error) : fail_backup(db, code, restore->file, error);
	sqlite3_close(db);
	if (status == DM_OK)
		status = give_owner(new, target, error);
	if (status == DM_OK &&
	    fsync(new->descriptor) != 0) /* soon, so that the old file has two names for a moment only */
		status = fail_file(error, new->path);
	if (status == DM_OK)
		status = target_keep(target, error);
	return status == DM_OK ? unfinished_finish(new, target->path, target->exists, error) : status;
}

enum dm_status restore_from(const char *path, const struct dm_restore *restore, char **kept, struct dm_error *error)
{
	struct unfinished_file new = {.descriptor = -1};
	struct restore_target target;
	enum dm_status status = target_begin(&target, path, error);

	if (status == DM_OK)
		status = check_file(restore, &target, error);
	if (status == DM_OK)
		status = replace(&target, restore, &new, error);
	if (status == DM_OK) {
		*kept = target.kept;
		target.kept = NULL;
	}
	unfinished_end(&new);
	target_end(&target);
	return status;
}
