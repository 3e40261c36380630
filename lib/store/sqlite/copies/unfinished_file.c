/* SPDX-License-Identifier: MIT */
/* unfinished_file.c - a file that is written under another name, and gets its own when it is whole and on the disk. */
#include "unfinished_file.h"

#include "failure.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

/* How often a file is opened anew that was given its name, or removed, before it was locked. */
#define MAX_TRIES 10

static const char *const logs[] = {"-wal", "-journal", "-shm"};
#define LOGS_WITH_CONTENT 2 /* the first of these; the last is only an index */

enum dm_status fail_file(struct dm_error *error, const char *path)
{
	int number = errno;

	if (number == ENOSPC || number == EDQUOT || number == EFBIG)
		return fail(error, DM_UNAVAILABLE, "the disk of %.120s is full; make room, then try again", path);
	return fail(error, DM_UNAVAILABLE, "%.120s can't be written (%s); check the folder and its permissions", path,
		    strerror(number));
}

void remove_logs(const char *path)
{
	char *name = NULL;

	for (size_t i = 0; i < ARRAY_LENGTH(logs); i++) {
		if (asprintf(&name, "%s%s", path, logs[i]) < 0)
			return;
		unlink(name);
		free(name);
	}
}

bool find_log(const char *path, char **log)
{
	for (size_t i = 0; i < LOGS_WITH_CONTENT; i++) {
		if (asprintf(log, "%s%s", path, logs[i]) < 0)
			*log = NULL;
		if (!*log || access(*log, F_OK) == 0)
			return true;
		free(*log);
		*log = NULL;
	}
	return false;
}

bool is_one_file(const struct stat *one, const struct stat *other)
{
	return one->st_ino == other->st_ino && one->st_dev == other->st_dev;
}

/* Whether the path still leads to the file that is open. */
static bool is_at(const char *path, int descriptor)
{
	struct stat named, opened;

	return fstat(descriptor, &opened) == 0 && lstat(path, &named) == 0 && is_one_file(&named, &opened);
}

static bool is_same(const char *path, const char *other)
{
	struct stat one, two;

	return stat(path, &one) == 0 && stat(other, &two) == 0 && is_one_file(&one, &two);
}

/* Opens and locks the file. DM_BUSY also for one that has got its name meanwhile, and is not to be touched. */
static enum dm_status open_locked(struct unfinished_file *file, struct dm_error *error)
{
	file->descriptor = open(file->path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, S_IRUSR | S_IWUSR);
	if (file->descriptor < 0)
		return fail_file(error, file->path);
	if (flock(file->descriptor, LOCK_EX | LOCK_NB) == 0 && is_at(file->path, file->descriptor))
		return DM_OK;
	close(file->descriptor);
	file->descriptor = -1;
	return DM_BUSY;
}

enum dm_status unfinished_begin(struct unfinished_file *file, const char *name, const char *suffix, const char *copied,
				struct dm_error *error)
{
	enum dm_status status = DM_BUSY;

	*file = (struct unfinished_file){.descriptor = -1};
	if (asprintf(&file->path, "%s%s", name, suffix) < 0) {
		file->path = NULL;
		return fail(error, DM_NO_MEMORY, "out of memory");
	}
	if (is_same(file->path, copied)) /* before it is opened: closing it would end SQLite's locks */
		return fail(error, DM_INVALID, "%.120s would be emptied, and is what is to be copied; rename it first",
			    file->path);
	for (int i = 0; i < MAX_TRIES && status == DM_BUSY; i++)
		status = open_locked(file, error);
	if (status == DM_BUSY)
		return fail(error, DM_BUSY, "another process writes %.120s; wait until it has ended", file->path);
	if (status != DM_OK)
		return status;
	remove_logs(file->path);
	if (ftruncate(file->descriptor, 0) != 0 || fchmod(file->descriptor, S_IRUSR | S_IWUSR) != 0)
		return fail_file(error, file->path);
	return DM_OK;
}

/* So that the name is on the disk as well. */
static enum dm_status flush_folder(const char *name, struct dm_error *error)
{
	char *copy = strdup(name);
	int folder = copy ? open(dirname(copy), O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
	enum dm_status status = DM_OK;

	if (folder < 0 || (fsync(folder) != 0 && errno != EINVAL && errno != ENOTSUP))
		status = fail_file(error, name);
	if (folder >= 0)
		close(folder);
	free(copy);
	return status;
}

/* Not all file systems know how to refuse a name that is taken. */
static int rename_to_new(const char *path, const char *name)
{
	if (renameat2(AT_FDCWD, path, AT_FDCWD, name, RENAME_NOREPLACE) == 0)
		return 0;
	if (errno != EINVAL && errno != ENOSYS)
		return -1;
	if (access(name, F_OK) != 0)
		return rename(path, name);
	errno = EEXIST;
	return -1;
}

enum dm_status unfinished_finish(struct unfinished_file *file, const char *name, bool replace, struct dm_error *error)
{
	remove_logs(file->path); /* SQLite leaves one where it can't remove it, and says nothing */
	if (fsync(file->descriptor) != 0)
		return fail_file(error, file->path);
	if ((replace ? rename(file->path, name) : rename_to_new(file->path, name)) != 0) {
		if (errno == EEXIST)
			return fail(error, DM_EXISTS, "there is a file %.150s; name another one, or replace it", name);
		return fail_file(error, name);
	}
	free(file->path);
	file->path = NULL;
	return flush_folder(name, error);
}

void unfinished_end(struct unfinished_file *file)
{
	if (file->path && file->descriptor >= 0) {
		unlink(file->path);
		remove_logs(file->path);
	}
	if (file->descriptor >= 0)
		close(file->descriptor);
	free(file->path);
}
