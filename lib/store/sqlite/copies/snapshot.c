/* SPDX-License-Identifier: MIT */
/* snapshot.c - copies a database as it is at one moment into another file, while others write to it.
 *
 * SQLite's backup begins anew whenever another connection has written, so under load it would never end. It does not
 * where the source is in a read transaction all the while: that sees the moment at which it began. The price is that
 * the log can't start from its beginning until the copy is done, so it grows by what is written meanwhile. */
#include "snapshot.h"

#include "clock.h"
#include "failure.h"

#include <string.h>
#include <unistd.h>

/* A piece is 1 MiB. After each the copy is flushed, so that the disk's queue is never long: a commit of the server's
 * waits behind what is in it. */
#define PIECE_PAGES 256
/* The copy rests twice as long as the piece took, but at most so long. */
#define MAX_REST 100000 /* microseconds */

/* The copy needs no journal of its own: where it fails, it is removed. A copy in WAL mode, as its source is, leaves
 * that mode here, without an index in shared memory. */
static const char copy_setup[] = "PRAGMA locking_mode=EXCLUSIVE;"
				 "PRAGMA journal_mode=OFF;"
				 "PRAGMA synchronous=OFF;"
				 "PRAGMA cache_size=-4096;"
				 "PRAGMA temp_store=MEMORY;";

int snapshot_begin(sqlite3 *source)
{
	int code = sqlite3_exec(source, "BEGIN", NULL, NULL, NULL);

	/* The transaction begins with the first read. */
	return code == SQLITE_OK ? sqlite3_exec(source, "SELECT 1 FROM sqlite_master", NULL, NULL, NULL) : code;
}

static enum dm_status fail_copy(sqlite3 *db, int code, const char *source, const char *to, struct dm_error *error)
{
	int number = db ? sqlite3_system_errno(db) : 0;

	switch (code & 0xFF) {
	case SQLITE_NOMEM:
		return fail(error, DM_NO_MEMORY, "out of memory");
	case SQLITE_FULL:
		return fail(error, DM_UNAVAILABLE, "the disk of %.120s is full; make room, then try again", to);
	case SQLITE_BUSY:
	case SQLITE_LOCKED:
		return fail(error, DM_BUSY, "%.120s is in use by another process; try again later", to);
	case SQLITE_CORRUPT:
	case SQLITE_NOTADB:
		return fail(error, DM_UNAVAILABLE,
			    "%.120s is not an SQLite database, or it is damaged (%s); use another backup", source,
			    sqlite3_errstr(code));
	default:
		return fail(error, DM_UNAVAILABLE, "%.80s can't be copied to %.80s (%s); check both and their disks",
			    source, to, number != 0 ? strerror(number) : sqlite3_errstr(code));
	}
}

static void rest(const struct snapshot_options *options, int64_t begun_at)
{
	int64_t length = 2 * (clock_monotonic() - begun_at);

	if (!options->full_speed && length > 0)
		usleep((useconds_t)(length < MAX_REST ? length : MAX_REST));
}

/* True: there is more to copy. */
static bool copy_piece(sqlite3_backup *backup, int *code, const struct unfinished_file *to,
		       const struct snapshot_options *options)
{
	int64_t begun_at = clock_monotonic();

	*code = sqlite3_backup_step(backup, PIECE_PAGES);
	if (*code != SQLITE_OK)
		return false;
	(void)fdatasync(to->descriptor); /* the last flush reports what fails */
	rest(options, begun_at);
	return true;
}

static enum dm_status run(sqlite3_backup *backup, int *code, int64_t page_size, const struct unfinished_file *to,
			  const struct snapshot_options *options, struct dm_error *error)
{
	bool more;

	do {
		int64_t all, left;

		more = copy_piece(backup, code, to, options);
		all = sqlite3_backup_pagecount(backup) * page_size;
		left = sqlite3_backup_remaining(backup) * page_size;
		if (options->on_progress && !options->on_progress(options->context, all - left, all))
			return fail(error, DM_BUSY, "the copying to %.120s was ended; begin anew", to->path);
	} while (more);
	return DM_OK;
}

static int open_copy(const struct unfinished_file *copy, sqlite3 **db)
{
	int code = sqlite3_open_v2(copy->path, db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, NULL);

	if (code != SQLITE_OK)
		return code;
	sqlite3_extended_result_codes(*db, 1);
	return sqlite3_exec(*db, copy_setup, NULL, NULL, NULL);
}

static int64_t page_size_of(sqlite3 *db)
{
	sqlite3_stmt *statement = NULL;
	int64_t size = 0;

	if (sqlite3_prepare_v2(db, "PRAGMA page_size", -1, &statement, NULL) == SQLITE_OK &&
	    sqlite3_step(statement) == SQLITE_ROW)
		size = sqlite3_column_int64(statement, 0);
	sqlite3_finalize(statement);
	return size;
}

enum dm_status snapshot_copy(sqlite3 *source, const char *name, const struct unfinished_file *to,
			     const struct snapshot_options *options, struct dm_error *error)
{
	sqlite3 *copy = NULL;
	sqlite3_backup *backup = NULL;
	enum dm_status status = DM_OK;
	int code = open_copy(to, &copy), ended;

	if (code == SQLITE_OK) {
		backup = sqlite3_backup_init(copy, "main", source, "main");
		code = backup ? SQLITE_OK : sqlite3_errcode(copy);
	}
	if (backup) {
		status = run(backup, &code, page_size_of(source), to, options, error);
		ended = sqlite3_backup_finish(backup);
		if (code == SQLITE_DONE || code == SQLITE_OK)
			code = ended;
	}
	if (status == DM_OK && code != SQLITE_OK)
		status = fail_copy(copy, code, name, to->path, error);
	sqlite3_close(copy);
	return status;
}

/* Asks SQLite for what is wrong with the file. */
static enum dm_status check_pages(sqlite3 *db, const char *path, struct dm_error *error)
{
	sqlite3_stmt *statement = NULL;
	enum dm_status status = DM_OK;
	int code = sqlite3_prepare_v2(db, "PRAGMA integrity_check(1)", -1, &statement, NULL);

	if (code == SQLITE_OK)
		code = sqlite3_step(statement);
	if (code != SQLITE_ROW)
		status = fail_copy(db, code, path, path, error);
	else if (strcmp((const char *)sqlite3_column_text(statement, 0), "ok") != 0)
		status = fail(error, DM_UNAVAILABLE, "the database is damaged (%.120s); use another backup",
			      (const char *)sqlite3_column_text(statement, 0));
	sqlite3_finalize(statement);
	return status;
}

enum dm_status snapshot_complete(const struct unfinished_file *copy, const char *sql, bool check,
				 struct dm_error *error)
{
	sqlite3 *db = NULL;
	int code = open_copy(copy, &db);
	enum dm_status status = DM_OK;

	if (code == SQLITE_OK && sql)
		code = sqlite3_exec(db, sql, NULL, NULL, NULL);
	if (code != SQLITE_OK)
		status = fail_copy(db, code, copy->path, copy->path, error);
	if (status == DM_OK && check)
		status = check_pages(db, copy->path, error);
	sqlite3_close(db);
	return status;
}
