/* SPDX-License-Identifier: MIT */
/* faults.c - a library to be preloaded: while it is armed, the n-th call of a kind fails, or all from it on. */
#undef _FILE_OFFSET_BITS /* each of the two names of a function is its own here */
#include <dlfcn.h>
#include <errno.h>
#include <execinfo.h>
#include <fcntl.h>
#include <libpq-fe.h>
#include <malloc.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

enum kind { MEMORY = 1, WRITE = 2, SYNC = 4, OPEN = 8, LOCK = 16, MAP = 32, TRUNCATE = 64, SUBMIT = 128 };

#define FRAMES 24

/* What the drill and the program share: a file that both have mapped. faults.py knows the same form. */
struct control {
	atomic_uint armed;
	atomic_uint kinds;   /* a set of enum kind */
	atomic_uint forever; /* all calls from the n-th on fail, not that one alone */
	atomic_uint frames;  /* of the first call that failed */
	atomic_llong n;
	atomic_llong counted; /* calls while it was armed */
	atomic_llong failed;
	atomic_ullong low, high; /* calls that were made through code at these addresses; 0: all */
	uint64_t trace[FRAMES];
};

static struct control *control;

#define FOR_ALL __attribute__((visibility("default")))

/* glibc's own, behind the names that are taken here. */
void *__libc_malloc(size_t size);
void *__libc_calloc(size_t count, size_t size);
void *__libc_realloc(void *old, size_t size);
void *__libc_memalign(size_t alignment, size_t size);

static bool is_through(uint64_t low, uint64_t high)
{
	void *frames[FRAMES];
	int count = high > 0 ? backtrace(frames, FRAMES) : 0;

	for (int i = 0; i < count; i++)
		if ((uint64_t)(uintptr_t)frames[i] >= low && (uint64_t)(uintptr_t)frames[i] < high)
			return true;
	return high == 0;
}

static bool must_fail(enum kind kind)
{
	void *frames[FRAMES];
	long long number;
	int count;

	if (!control || !atomic_load(&control->armed) || !(atomic_load(&control->kinds) & kind) ||
	    !is_through(atomic_load(&control->low), atomic_load(&control->high)))
		return false;
	number = atomic_fetch_add(&control->counted, 1) + 1;
	if (number < atomic_load(&control->n) || (number > atomic_load(&control->n) && !atomic_load(&control->forever)))
		return false;
	if (atomic_fetch_add(&control->failed, 1) == 0) {
		count = backtrace(frames, FRAMES);
		for (int i = 0; i < count; i++)
			control->trace[i] = (uint64_t)(uintptr_t)frames[i];
		atomic_store(&control->frames, (unsigned)count);
	}
	return true;
}

static int failure(int error)
{
	errno = error;
	return -1;
}

__attribute__((constructor)) static void begin(void)
{
	const char *path = getenv("DRILL_CONTROL");
	int file = path ? (int)syscall(SYS_openat, AT_FDCWD, path, O_RDWR | O_CLOEXEC) : -1;
	void *frames[1], *mapped;

	if (file < 0)
		return;
	backtrace(frames, 1); /* loads what it needs now, and not within malloc */
	mapped = (void *)syscall(SYS_mmap, NULL, sizeof(*control), PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
	close(file);
	if (mapped != MAP_FAILED)
		control = mapped;
}

/* ---- memory ---------------------------------------------------------------------------------------------------- */

static void *none(void)
{
	errno = ENOMEM;
	return NULL;
}

FOR_ALL void *malloc(size_t size)
{
	return must_fail(MEMORY) ? none() : __libc_malloc(size);
}

FOR_ALL void *calloc(size_t count, size_t size)
{
	return must_fail(MEMORY) ? none() : __libc_calloc(count, size);
}

FOR_ALL void *realloc(void *old, size_t size)
{
	return must_fail(MEMORY) ? none() : __libc_realloc(old, size);
}

FOR_ALL void *memalign(size_t alignment, size_t size)
{
	return must_fail(MEMORY) ? none() : __libc_memalign(alignment, size);
}

FOR_ALL void *aligned_alloc(size_t alignment, size_t size)
{
	return memalign(alignment, size);
}

FOR_ALL int posix_memalign(void **place, size_t alignment, size_t size)
{
	*place = memalign(alignment, size);
	return *place ? 0 : ENOMEM;
}

/* ---- files ------------------------------------------------------------------------------------------------------ */

static bool is_file(int file)
{
	struct stat status;

	return fstat(file, &status) == 0 && S_ISREG(status.st_mode);
}

FOR_ALL ssize_t write(int file, const void *data, size_t size)
{
	return is_file(file) && must_fail(WRITE) ? failure(ENOSPC) : syscall(SYS_write, file, data, size);
}

FOR_ALL ssize_t pwrite64(int file, const void *data, size_t size, off64_t at)
{
	return must_fail(WRITE) ? failure(ENOSPC) : syscall(SYS_pwrite64, file, data, size, at);
}

FOR_ALL ssize_t pwrite(int file, const void *data, size_t size, off_t at)
{
	return pwrite64(file, data, size, at);
}

FOR_ALL int fsync(int file)
{
	return must_fail(SYNC) ? failure(EIO) : (int)syscall(SYS_fsync, file);
}

FOR_ALL int fdatasync(int file)
{
	return must_fail(SYNC) ? failure(EIO) : (int)syscall(SYS_fdatasync, file);
}

FOR_ALL int ftruncate64(int file, off64_t size)
{
	return must_fail(TRUNCATE) ? failure(EIO) : (int)syscall(SYS_ftruncate, file, size);
}

FOR_ALL int ftruncate(int file, off_t size)
{
	return ftruncate64(file, size);
}

static int open_at(int folder, const char *path, int flags, mode_t mode)
{
	return must_fail(OPEN) ? failure(EMFILE) : (int)syscall(SYS_openat, folder, path, flags, mode);
}

static mode_t mode_of(int flags, va_list arguments)
{
	return flags & (O_CREAT | O_TMPFILE) ? va_arg(arguments, mode_t) : 0;
}

FOR_ALL int open64(const char *path, int flags, ...)
{
	va_list arguments;
	int file;

	va_start(arguments, flags);
	file = open_at(AT_FDCWD, path, flags, mode_of(flags, arguments));
	va_end(arguments);
	return file;
}

FOR_ALL int open(const char *path, int flags, ...) __attribute__((alias("open64")));

static int control_file(int file, int command, void *argument)
{
	const struct flock *lock = argument;

	if ((command == F_SETLK || command == F_SETLKW) && lock->l_type != F_UNLCK && must_fail(LOCK))
		return failure(ENOLCK);
	return (int)syscall(SYS_fcntl, file, command, argument);
}

FOR_ALL int fcntl64(int file, int command, ...)
{
	va_list arguments;
	int result;

	va_start(arguments, command);
	result = control_file(file, command, va_arg(arguments, void *));
	va_end(arguments);
	return result;
}

FOR_ALL int fcntl(int file, int command, ...) __attribute__((alias("fcntl64")));

FOR_ALL void *mmap64(void *place, size_t size, int protection, int flags, int file, off64_t at)
{
	if (must_fail(MAP)) {
		errno = ENOMEM;
		return MAP_FAILED;
	}
	return (void *)syscall(SYS_mmap, place, size, protection, flags, file, at);
}

FOR_ALL void *mmap(void *place, size_t size, int protection, int flags, int file, off_t at)
{
	return mmap64(place, size, protection, flags, file, at);
}

/* ---- libpq ------------------------------------------------------------------------------------------------------ */

/* As where libpq has no memory for what it is to send. */
#define NEXT(name) ((__typeof__(&name))(uintptr_t)dlsym(RTLD_NEXT, #name))

FOR_ALL int PQsendQueryParams(PGconn *connection, const char *text, int count, const Oid *types,
			      const char *const *values, const int *lengths, const int *formats, int format)
{
	return !must_fail(SUBMIT) &&
	       NEXT(PQsendQueryParams)(connection, text, count, types, values, lengths, formats, format);
}

FOR_ALL int PQsendQueryPrepared(PGconn *connection, const char *name, int count, const char *const *values,
				const int *lengths, const int *formats, int format)
{
	return !must_fail(SUBMIT) &&
	       NEXT(PQsendQueryPrepared)(connection, name, count, values, lengths, formats, format);
}

FOR_ALL int PQsendPrepare(PGconn *connection, const char *name, const char *text, int count, const Oid *types)
{
	return !must_fail(SUBMIT) && NEXT(PQsendPrepare)(connection, name, text, count, types);
}

FOR_ALL int PQpipelineSync(PGconn *connection)
{
	return !must_fail(SUBMIT) && NEXT(PQpipelineSync)(connection);
}
