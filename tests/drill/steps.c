/* SPDX-License-Identifier: MIT */
/* steps.c - a library to be preloaded: counts the calls that change files, and at the n-th kills the process before it
 * is made, or has it fail. STEPS_FILE gets the count; STEPS_AT is n (0: none), STEPS_ERROR the errno (0: SIGKILL). */
#undef _FILE_OFFSET_BITS /* each of the two names of a function is its own here */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#define FOR_ALL __attribute__((visibility("default")))

static int counted;

static int number_of(const char *name)
{
	const char *text = getenv(name);

	return text ? atoi(text) : 0;
}

/* True: the call is to fail, and errno says by what. */
static bool fails(void)
{
	counted++;
	if (counted != number_of("STEPS_AT"))
		return false;
	if (number_of("STEPS_ERROR") == 0)
		kill(getpid(), SIGKILL);
	errno = number_of("STEPS_ERROR");
	return true;
}

__attribute__((destructor)) static void report(void)
{
	const char *name = getenv("STEPS_FILE");
	FILE *file = name ? fopen(name, "w") : NULL;

	if (!file)
		return;
	fprintf(file, "%d\n", counted);
	fclose(file);
}

/* glibc's function of that name. */
static void *next_of(const char *name)
{
	return dlsym(RTLD_NEXT, name);
}

#define CALL(name, result, parameters, arguments) \
	FOR_ALL result name parameters; \
	FOR_ALL result name parameters \
	{ \
		static result(*next) parameters; \
\
		if (!next) { \
			void *found = next_of(#name); \
\
			memcpy(&next, &found, sizeof(next)); \
		} \
		return fails() ? -1 : next arguments; \
	}

CALL(pwrite, ssize_t, (int file, const void *data, size_t size, off_t offset), (file, data, size, offset))
CALL(pwrite64, ssize_t, (int file, const void *data, size_t size, off64_t offset), (file, data, size, offset))
CALL(fsync, int, (int file), (file))
CALL(fdatasync, int, (int file), (file))
CALL(ftruncate, int, (int file, off_t size), (file, size))
CALL(ftruncate64, int, (int file, off64_t size), (file, size))
CALL(fchmod, int, (int file, mode_t mode), (file, mode))
CALL(fchown, int, (int file, uid_t user, gid_t group), (file, user, group))
CALL(link, int, (const char *from, const char *to), (from, to))
CALL(unlink, int, (const char *path), (path))
CALL(rename, int, (const char *from, const char *to), (from, to))
CALL(renameat2, int, (int from_folder, const char *from, int to_folder, const char *to, unsigned flags),
     (from_folder, from, to_folder, to, flags))
