/* SPDX-License-Identifier: MIT */
/* scratch_disk.c - the disk under the file of a scratch database: what is written back to it, and what it loses. */
#include "scratch_disk.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#define MAX_WRITES 65536
#define PAGE 4096

/* Where the index of the log has the length of the log, and how much of that is written back. */
#define INDEX_LENGTH 16
#define INDEX_DONE 96

/* What was in the file before the writes since the last flush. */
static struct {
	pthread_mutex_t mutex;
	bool is_bad;
	bool heals; /* after one flush that fails */
	struct stat file;
	int index;              /* the log's index; -1: not open */
	void (*at_flush)(void); /* called by the checkpointer's thread after a flush of the file */
	void (*at_write)(void); /* and before it writes to the file */
	int flushes;            /* of the file */
	int unheld;             /* writes to the file while nobody reads from the log */
	size_t count;
	struct before {
		int64_t offset;
		char bytes[PAGE];
	} * before;
} disk = {.mutex = PTHREAD_MUTEX_INITIALIZER, .index = -1};

static _Thread_local bool is_writer;

static bool is_the_file(int descriptor)
{
	struct stat found;

	return fstat(descriptor, &found) == 0 && found.st_ino == disk.file.st_ino && found.st_dev == disk.file.st_dev;
}

/* SQLite's readers of the log lock one of four bytes of its index. */
static bool is_held(void)
{
	struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = 124, .l_len = 4};

	return fcntl(disk.index, F_OFD_GETLK, &lock) == 0 && lock.l_type != F_UNLCK;
}

#define EXPORTED __attribute__((visibility("default")))

EXPORTED ssize_t pwrite64(int descriptor, const void *data, size_t size, off64_t offset)
{
	void (*at_write)(void);

	pthread_mutex_lock(&disk.mutex);
	at_write = is_the_file(descriptor) && !is_writer ? disk.at_write : NULL;
	if (!is_the_file(descriptor))
		is_writer = true;
	else if (disk.index >= 0 && !is_held())
		disk.unheld++;
	if (disk.is_bad && is_the_file(descriptor)) {
		struct before *before = &disk.before[disk.count++];

		if (disk.count == MAX_WRITES)
			abort();
		before->offset = offset;
		memset(before->bytes, 0, PAGE);
		(void)!pread(descriptor, before->bytes, PAGE, offset);
	}
	pthread_mutex_unlock(&disk.mutex);
	if (at_write)
		at_write();
	return syscall(SYS_pwrite64, descriptor, data, size, offset);
}

EXPORTED int fdatasync(int descriptor)
{
	bool is_file, fails;
	void (*at_flush)(void);
	int result;

	pthread_mutex_lock(&disk.mutex);
	is_file = is_the_file(descriptor);
	at_flush = is_file && !is_writer ? disk.at_flush : NULL;
	disk.flushes += is_file;
	fails = disk.is_bad && is_file && disk.count > 0;
	for (size_t i = fails ? disk.count : 0; i > 0; i--)
		(void)!syscall(SYS_pwrite64, descriptor, disk.before[i - 1].bytes, PAGE, disk.before[i - 1].offset);
	disk.count = 0;
	disk.is_bad = disk.is_bad && !(fails && disk.heals);
	pthread_mutex_unlock(&disk.mutex);
	result = fails ? -1 : (int)syscall(SYS_fdatasync, descriptor);
	if (at_flush)
		at_flush();
	errno = EIO;
	return result;
}

static int read_count(const int *count)
{
	int now;

	pthread_mutex_lock(&disk.mutex);
	now = *count;
	pthread_mutex_unlock(&disk.mutex);
	return now;
}

int scratch_disk_flushes(void)
{
	return read_count(&disk.flushes);
}

int scratch_disk_unheld(void)
{
	return read_count(&disk.unheld);
}

void scratch_disk_watch(const struct scratch *s, void (*at_flush)(void), void (*at_write)(void))
{
	struct stat file;

	assert_int_equal(stat(s->path, &file), 0);
	pthread_mutex_lock(&disk.mutex);
	disk.file = file;
	disk.at_flush = at_flush;
	disk.at_write = at_write;
	pthread_mutex_unlock(&disk.mutex);
}

void scratch_disk_forget(void)
{
	pthread_mutex_lock(&disk.mutex);
	disk.at_flush = disk.at_write = NULL;
	pthread_mutex_unlock(&disk.mutex);
}

void scratch_disk_open_index(const struct scratch *s)
{
	char name[200];

	snprintf(name, sizeof(name), "%s-shm", s->path);
	pthread_mutex_lock(&disk.mutex);
	disk.index = open(name, O_RDWR | O_CLOEXEC);
	disk.unheld = 0;
	pthread_mutex_unlock(&disk.mutex);
	assert_true(disk.index >= 0);
}

void scratch_disk_close_index(void)
{
	pthread_mutex_lock(&disk.mutex);
	if (disk.index >= 0)
		close(disk.index);
	disk.index = -1;
	pthread_mutex_unlock(&disk.mutex);
}

bool scratch_disk_has_all(void)
{
	uint32_t length = 0, done = 0;

	assert_int_equal(pread(disk.index, &length, sizeof(length), INDEX_LENGTH), sizeof(length));
	assert_int_equal(pread(disk.index, &done, sizeof(done), INDEX_DONE), sizeof(done));
	return length > 0 && done == length;
}

void scratch_disk_set_bad(const struct scratch *s, bool is_bad, bool heals)
{
	pthread_mutex_lock(&disk.mutex);
	assert_int_equal(stat(s->path, &disk.file), 0);
	disk.is_bad = is_bad;
	disk.heals = heals;
	disk.before = is_bad ? malloc(MAX_WRITES * sizeof(*disk.before)) : (free(disk.before), NULL);
	assert_true(!is_bad || disk.before);
	disk.count = 0;
	pthread_mutex_unlock(&disk.mutex);
}
