/* SPDX-License-Identifier: MIT */
/* backup.c - a copy of a database file that is in use. */
#include "copies.h"

#include "failure.h"
#include "session.h"
#include "snapshot.h"

#include <stdlib.h>
#include <sys/stat.h>

/* SQLite would apply a log that lies beside a new file to that. */
static enum dm_status refuse_log(const char *file, struct dm_error *error)
{
	char *log = NULL;

	if (find_log(file, &log) && !log)
		return fail(error, DM_NO_MEMORY, "out of memory");
	if (log)
		fail(error, DM_EXISTS, "there is %.150s, the log of another database; name another file, or remove it",
		     log);
	free(log);
	return error->status;
}

static enum dm_status check_name(const char *path, const struct dm_backup *backup, struct dm_error *error)
{
	struct stat database, found;

	if (stat(backup->file, &found) != 0)
		return refuse_log(backup->file, error);
	if (stat(path, &database) == 0 && is_one_file(&database, &found))
		return fail(error, DM_INVALID, "%.150s is the database itself; name another file", backup->file);
	if (!S_ISREG(found.st_mode))
		return fail(error, DM_INVALID, "%.150s is not a file; name a file", backup->file);
	if (!backup->replace)
		return fail(error, DM_EXISTS, "there is a file %.150s; name another one, or replace it", backup->file);
	return refuse_log(backup->file, error);
}

/* Copies what was committed before. The file must be the one of that name before and afterwards: where it was replaced
 * meanwhile, others may have written to its pages without regard for this reader. */
static enum dm_status copy(struct sqlite_session *session, struct file_watch *watch, const struct dm_backup *backup,
			   const struct unfinished_file *to, struct dm_error *error)
{
	const struct snapshot_options options = {backup->full_speed, backup->on_progress, backup->context};
	int code = snapshot_begin(session->db);
	enum dm_status status;

	if (code != SQLITE_OK)
		return session_failure(session, code, error);
	status = file_watch_look(watch, error);
	if (status == DM_OK)
		status = snapshot_copy(session->db, watch->path, to, &options, error);
	return status == DM_OK ? file_watch_look(watch, error) : status;
}

static enum dm_status make(const char *path, struct sqlite_session *session, struct file_watch *watch,
			   const struct dm_backup *backup, struct unfinished_file *to, struct dm_error *error)
{
	enum dm_status status = unfinished_begin(to, backup->file, ".partial", path, error);

	if (status == DM_OK)
		status = copy(session, watch, backup, to, error);
	if (status == DM_OK) /* the log of the database may begin anew now */
		sqlite3_exec(session->db, "COMMIT", NULL, NULL, NULL);
	if (status == DM_OK)
		status = snapshot_complete(to, NULL, backup->check, error);
	return status == DM_OK ? unfinished_finish(to, backup->file, backup->replace, error) : status;
}

enum dm_status backup_make(const char *path, const struct store_options *options, struct file_watch *watch,
			   const struct dm_backup *backup, int64_t *bytes, struct dm_error *error)
{
	struct unfinished_file to = {.descriptor = -1};
	struct sqlite_session *session;
	struct stat made;
	enum dm_status status = check_name(path, backup, error);

	if (status != DM_OK)
		return status;
	session = session_open(path, SESSION_READER, options, error);
	if (!session)
		return error->status;
	status = make(path, session, watch, backup, &to, error);
	if (status == DM_OK && fstat(to.descriptor, &made) == 0)
		*bytes = made.st_size;
	unfinished_end(&to);
	session_close(session);
	return status;
}
