/* SPDX-License-Identifier: MIT */
/* progress.c - how far a long command is. */
#include "progress.h"

#include "clock.h"

#include <stdio.h>
#include <unistd.h>

#define PAUSE 200000 /* microseconds */

void progress_show(struct progress *progress, int64_t count, const char *what)
{
	int64_t now = clock_monotonic();

	if (!isatty(STDERR_FILENO) || now - progress->last < PAUSE)
		return;
	progress->last = now;
	progress->is_shown = true;
	fprintf(stderr, "\r%lld %s ...", (long long)count, what);
}

void progress_end(struct progress *progress)
{
	if (progress->is_shown)
		fputs("\r\033[K", stderr);
	progress->is_shown = false;
}
