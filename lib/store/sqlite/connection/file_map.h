/* SPDX-License-Identifier: MIT */
/* file_map.h - the database file and its log in memory, so that to read a page is no system call.
 *
 * SQLite can map a file by itself (PRAGMA mmap_size), but each connection maps it anew after each commit, never more
 * than 2 GiB, and never the log. Here all readers share one mapping. It stays, and it is longer than the file, so that
 * it holds what the file grows by. */
#ifndef FILE_MAP_H
#define FILE_MAP_H

#include "attributes.h"
#include "file_watch.h"

#include <sqlite3.h>
#include <stddef.h>

struct mapping;

/* A part that is NULL is not mapped: SQLite reads it by system calls. */
struct file_map {
	struct mapping *file, *log;
};

/* How SQLite reads one of its open files: by its own functions, but for some. */
struct mapped_file {
	sqlite3_io_methods methods; /* first: SQLite knows where these are */
	const sqlite3_io_methods *own;
	struct mapping *mapping;
	const struct file_map *map;
};

/* Maps up to `length` bytes of the file, and of its log, which are open. 0, or where the system can't: nothing. */
void file_map_begin(struct file_map *map, const struct file_watch *watch, size_t length);

/* When all sessions that use the map are closed. */
void file_map_end(struct file_map *map);

/* From now on the session, which has read before, reads by the map. The map and `files` must outlive it. Gives SQLite's
 * code. */
MUST_CHECK int file_map_use(const struct file_map *map, sqlite3 *db, struct mapped_file files[2]);

/* The name of the file that is mapped at the address; NULL: none is. May be called in a signal handler. */
const char *file_map_name(const void *address);

#endif
