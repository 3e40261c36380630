/* SPDX-License-Identifier: MIT */
/* bare.c - what the bare insert programs share. */
#include "bare.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

_Noreturn void fail(const char *what, const char *why)
{
	fprintf(stderr, "%s: %s: %s\n", program_invocation_short_name, what, why);
	exit(1);
}

double now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

struct user_pairs read_pairs(const char *path)
{
	struct user_pairs pairs = {NULL, 0};
	struct user_pair pair;
	FILE *file = fopen(path, "r");

	if (!file)
		fail(path, "cannot be opened");
	while (fscanf(file, "%lld %lld", &pair.sender, &pair.recipient) == 2) {
		if ((pairs.count & (pairs.count - 1)) == 0) { /* full at each power of two: double the room */
			pairs.items = realloc(pairs.items, (pairs.count ? 2 * pairs.count : 1) * sizeof(pair));
			if (!pairs.items)
				fail(path, "no memory for its pairs");
		}
		pairs.items[pairs.count++] = pair;
	}
	fclose(file);
	if (pairs.count == 0)
		fail(path, "holds no pairs");
	return pairs;
}

int format_now(char *text, size_t size)
{
	struct timespec time;
	struct tm parts;
	size_t length;

	clock_gettime(CLOCK_REALTIME, &time);
	gmtime_r(&time.tv_sec, &parts);
	length = strftime(text, size, "%Y-%m-%d %H:%M:%S", &parts);
	return (int)length + snprintf(text + length, size - length, ".%06ld", time.tv_nsec / 1000);
}

void print_rate(size_t rows, double seconds)
{
	printf("%zu rows in %.3f s: %.0f rows/s\n", rows, seconds, (double)rows / seconds);
}
