/* SPDX-License-Identifier: MIT */
/* unfinished_file.h - a file that is written under another name, and gets its own when it is whole and on the disk. */
#ifndef UNFINISHED_FILE_H
#define UNFINISHED_FILE_H

#include "attributes.h"
#include "directmessages.h"

#include <sys/stat.h>

struct unfinished_file {
	char *path;     /* owned; NULL before unfinished_begin */
	int descriptor; /* open and locked, so that no other process writes the file */
};

/* Makes the file `name` + `suffix` for its owner alone, or empties the one that a killed process has left. DM_BUSY:
 * another process writes it. DM_INVALID: it is the file that is to be copied. Whatever it gives, unfinished_end must
 * follow. */
MUST_CHECK enum dm_status unfinished_begin(struct unfinished_file *file, const char *name, const char *suffix,
					   const char *copied, struct dm_error *error);

/* Flushes the file to the disk, then gives it its name. DM_EXISTS: that is taken, and `replace` is not set. */
MUST_CHECK enum dm_status unfinished_finish(struct unfinished_file *file, const char *name, bool replace,
					    struct dm_error *error);

/* Removes the file, unless it is finished, and frees what belongs to it. */
void unfinished_end(struct unfinished_file *file);

/* Whether both are of one file, whatever its names. */
MUST_CHECK bool is_one_file(const struct stat *one, const struct stat *other);

/* Removes what SQLite has beside a database file: logs, which it would take for those of another file of that name. */
void remove_logs(const char *path);

/* Whether a log of the file is there: SQLite would apply it to a new file of that name. Its path is in *log, which is
 * to be freed; NULL: no memory. */
MUST_CHECK bool find_log(const char *path, char **log);

/* DM_UNAVAILABLE, for a call of the system on a file that has failed with errno. */
enum dm_status fail_file(struct dm_error *error, const char *path);

#endif
