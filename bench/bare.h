/* SPDX-License-Identifier: MIT */
/* bare.h - what the bare insert programs share: reading their input, a clock, failing. */
#ifndef BARE_H
#define BARE_H

#include <stddef.h>

/* As many rows as wrk has connections: the server cannot find more waiting when it begins a commit. */
#define ROWS_IN_COMMIT 64

struct user_pair {
	long long sender;
	long long recipient;
};

struct user_pairs {
	struct user_pair *items;
	size_t count;
};

/* Prints both texts and ends the program with status 1. */
_Noreturn void fail(const char *what, const char *why);

/* The monotonic clock, in seconds. */
double now(void);

/* Reads the pairs that the server gets too: one per line, sender, space, recipient. Free them with free(pairs.items).
 */
struct user_pairs read_pairs(const char *path);

/* Writes the current time as Django does; returns its length. */
int format_now(char *text, size_t size);

/* Prints the line that bench/run looks for. */
void print_rate(size_t rows, double seconds);

#endif
