/* SPDX-License-Identifier: MIT */
/* process.c - what the process uses of the system, as the kernel says. */
#include "process.h"

#include <dirent.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

static double seconds(const struct timeval *time)
{
	return (double)time->tv_sec + (double)time->tv_usec / 1e6;
}

static void read_memory(struct process_usage *usage)
{
	FILE *file = fopen("/proc/self/statm", "re");
	unsigned long long whole, resident, shared;
	uint64_t page = (uint64_t)sysconf(_SC_PAGESIZE);

	if (!file)
		return;
	if (fscanf(file, "%llu %llu %llu", &whole, &resident, &shared) == 3) {
		usage->virtual_bytes = whole * page;
		usage->resident_bytes = resident * page;
		usage->shared_bytes = shared * page;
	}
	fclose(file);
}

/* Since Linux 6.2 the size of the folder is their number. Before, they must be read one by one, which takes some
 * milliseconds for thousands of them. */
static uint64_t count_open_files(void)
{
	struct stat status;
	uint64_t count = 0;
	DIR *folder;

	if (stat("/proc/self/fd", &status) == 0 && status.st_size > 0)
		return (uint64_t)status.st_size;
	folder = opendir("/proc/self/fd");
	if (!folder)
		return 0;
	for (struct dirent *entry; (entry = readdir(folder)) != NULL;)
		count += entry->d_name[0] != '.';
	closedir(folder);
	return count - 1; /* without the folder that is open here */
}

uint64_t process_own_bytes(void)
{
	struct process_usage usage = {0};

	read_memory(&usage);
	return usage.resident_bytes - usage.shared_bytes;
}

void process_usage_read(struct process_usage *usage)
{
	struct rusage used;
	struct rlimit files;

	*usage = (struct process_usage){0};
	if (getrusage(RUSAGE_SELF, &used) == 0)
		usage->cpu_seconds = seconds(&used.ru_utime) + seconds(&used.ru_stime);
	if (getrlimit(RLIMIT_NOFILE, &files) == 0)
		usage->max_open_files = files.rlim_cur;
	usage->open_files = count_open_files();
	read_memory(usage);
}
