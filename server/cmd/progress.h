/* SPDX-License-Identifier: MIT */
/* progress.h - how far a long command is: a line on standard error that changes, on a terminal alone. */
#ifndef PROGRESS_H
#define PROGRESS_H

#include <stdbool.h>
#include <stdint.h>

struct progress {
	int64_t last; /* when it was shown, by the monotonic clock */
	bool is_shown;
};

/* Shows the count, at most a few times a second. */
void progress_show(struct progress *progress, int64_t count, const char *what);

/* Removes the line. */
void progress_end(struct progress *progress);

#endif
