/* SPDX-License-Identifier: MIT */
/* file_map.c - the database file and its log in memory, so that to read a page is no system call. */
#include "file_map.h"

#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

/* Maximum number of files that a process has mapped; others are read by system calls. */
#define MAX_MAPPINGS 16

/* So many bytes behind a page that is lent can be read. In a damaged file SQLite may read a little beyond its page, and
 * asks its own mapping for as many (nEofBuffer). */
#define MARGIN 256

struct mapping {
	_Atomic(char *) base; /* NULL: unused */
	size_t length;
	char *name;
	int descriptor;
	struct file_identity identity;
	unsigned users;
	atomic_int_fast64_t size; /* so much of it can be read; 0: the system is to be asked */
};

/* Of all databases that the process has open. */
static struct mapping mappings[MAX_MAPPINGS];
static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER; /* guards them, but for base and size */

/* ---- mappings ------------------------------------------------------------------------------------------------ */

static bool is_same(struct file_identity one, struct file_identity other)
{
	return one.device == other.device && one.inode == other.inode;
}

/* Under the mutex: the mapping of that file, or an unused one. NULL: all are in use. */
static struct mapping *find(struct file_identity identity)
{
	struct mapping *unused = NULL;

	for (size_t i = 0; i < MAX_MAPPINGS; i++) {
		if (!atomic_load(&mappings[i].base))
			unused = &mappings[i];
		else if (is_same(mappings[i].identity, identity))
			return &mappings[i];
	}
	return unused;
}

/* Under the mutex. A descriptor that is of no use stays open all the same: see file_map_end. */
static void map_file(struct mapping *mapping, const char *path, struct file_identity identity, size_t length)
{
	char *name = strdup(path);
	int descriptor = name ? open(path, O_RDONLY | O_CLOEXEC) : -1;
	struct stat found;
	void *base = MAP_FAILED;

	if (descriptor >= 0 && fstat(descriptor, &found) == 0 &&
	    is_same(identity, (struct file_identity){found.st_dev, found.st_ino}))
		base = mmap(NULL, length, PROT_READ, MAP_SHARED, descriptor, 0);
	if (base == MAP_FAILED) {
		free(name);
		return;
	}
	madvise(base, length, MADV_RANDOM); /* pages around the one that is read are of no use */
	mapping->length = length;
	mapping->name = name;
	mapping->descriptor = descriptor;
	mapping->identity = identity;
	mapping->users = 0;
	atomic_store(&mapping->size, 0);
	atomic_store(&mapping->base, base);
}

static struct mapping *mapping_of(const char *path, struct file_identity identity, size_t length)
{
	struct mapping *mapping;

	if (identity.inode == 0)
		return NULL;
	pthread_mutex_lock(&mutex);
	mapping = find(identity);
	if (mapping && !atomic_load(&mapping->base))
		map_file(mapping, path, identity, length);
	if (mapping && atomic_load(&mapping->base))
		mapping->users++;
	else
		mapping = NULL;
	pthread_mutex_unlock(&mutex);
	return mapping;
}

static void release_log(struct mapping *mapping)
{
	pthread_mutex_lock(&mutex);
	if (--mapping->users == 0) {
		munmap(atomic_exchange(&mapping->base, NULL), mapping->length);
		close(mapping->descriptor);
		free(mapping->name);
	}
	pthread_mutex_unlock(&mutex);
}

void file_map_begin(struct file_map *map, const struct file_watch *watch, size_t length)
{
	if (length == 0)
		return;
	map->file = mapping_of(watch->names[FILE_ITSELF], watch->known[FILE_ITSELF], length);
	map->log = mapping_of(watch->names[FILE_LOG], watch->known[FILE_LOG], length);
}

/* The mapping of the file stays, with its descriptor: to close any descriptor of a file would end all locks that the
 * process has on it, and another connection may have some. The log is never locked. */
void file_map_end(struct file_map *map)
{
	if (map->log)
		release_log(map->log);
}

const char *file_map_name(const void *address)
{
	for (size_t i = 0; i < MAX_MAPPINGS; i++) {
		const char *base = atomic_load(&mappings[i].base);

		if (base && (uintptr_t)address - (uintptr_t)base < mappings[i].length)
			return mappings[i].name;
	}
	return NULL;
}

/* ---- SQLite's functions -------------------------------------------------------------------------------------- */

static const struct mapped_file *mapped_of(sqlite3_file *file)
{
	return (const struct mapped_file *)file->pMethods;
}

/* Whether the bytes are in the file, and mapped. */
static bool holds(struct mapping *mapping, int64_t offset, int count)
{
	struct stat found;

	if (offset + count <= atomic_load_explicit(&mapping->size, memory_order_relaxed))
		return true;
	if ((uint64_t)(offset + count) > mapping->length || fstat(mapping->descriptor, &found) != 0)
		return false;
	if ((uint64_t)found.st_size > mapping->length)
		found.st_size = (off_t)mapping->length;
	atomic_store_explicit(&mapping->size, found.st_size, memory_order_relaxed);
	return offset + count <= found.st_size;
}

static int read_mapped(sqlite3_file *file, void *to, int count, sqlite3_int64 offset)
{
	const struct mapped_file *mapped = mapped_of(file);

	if (!holds(mapped->mapping, offset, count))
		return mapped->own->xRead(file, to, count, offset);
	memcpy(to, mapped->mapping->base + offset, (size_t)count);
	return SQLITE_OK;
}

/* Lends a page. NULL: SQLite is to read it. */
static int fetch(sqlite3_file *file, sqlite3_int64 offset, int count, void **page)
{
	struct mapping *mapping = mapped_of(file)->mapping;

	*page = holds(mapping, offset, count + MARGIN) ? mapping->base + offset : NULL;
	return SQLITE_OK;
}

static void forget_size(struct mapping *mapping)
{
	if (mapping)
		atomic_store_explicit(&mapping->size, 0, memory_order_relaxed);
}

/* Without a page: others have committed since the last read. The file, or its log, may be shorter now. */
static int unfetch(sqlite3_file *file, sqlite3_int64 offset, void *page)
{
	(void)offset;
	if (!page) {
		forget_size(mapped_of(file)->map->file);
		forget_size(mapped_of(file)->map->log);
	}
	return SQLITE_OK;
}

static void use(const struct file_map *map, struct mapping *mapping, sqlite3_file *file, struct mapped_file *mapped)
{
	if (!mapping || !file || !file->pMethods || file->pMethods->iVersion < 3)
		return;
	*mapped = (struct mapped_file){*file->pMethods, file->pMethods, mapping, map};
	mapped->methods.xRead = read_mapped;
	mapped->methods.xFetch = fetch;
	mapped->methods.xUnfetch = unfetch;
	file->pMethods = &mapped->methods;
}

int file_map_use(const struct file_map *map, sqlite3 *db, struct mapped_file files[2])
{
	sqlite3_file *file = NULL, *log = NULL;

	if (!map->file || sqlite3_file_control(db, "main", SQLITE_FCNTL_FILE_POINTER, &file) != SQLITE_OK ||
	    sqlite3_file_control(db, "main", SQLITE_FCNTL_JOURNAL_POINTER, &log) != SQLITE_OK)
		return SQLITE_OK;
	use(map, map->file, file, &files[FILE_ITSELF]);
	use(map, map->log, log, &files[FILE_LOG]);
	/* SQLite asks for pages from now on. How large the number is doesn't matter: SQLite itself maps nothing. */
	return sqlite3_exec(db, "PRAGMA mmap_size=1073741824", NULL, NULL, NULL);
}
