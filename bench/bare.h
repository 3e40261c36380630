/* SPDX-License-Identifier: MIT */
/* bare.h - what the bare insert programs have in common: the pairs they are given, a clock, how they fail. */
#ifndef BARE_H
#define BARE_H

#include <stddef.h>

/* The connections of the load: as many rows as the server can find waiting when it begins a commit. */
#define ROWS_IN_COMMIT 64

struct pair {
	long long sender;
	long long recipient;
};

struct pairs {
	struct pair *items;
	size_t count;
};

_Noreturn void fail(const char *what, const char *why);

/* Of the monotonic clock, in seconds. */
double now(void);

/* Those that the server is sent too, a line each: sender, space, recipient. Freed by free(pairs.items). */
struct pairs read_pairs(const char *path);

/* The time of a message as Django writes it; returns its length. */
int format_now(char *text, size_t size);

/* What bench/run looks for. */
void print_rate(size_t rows, double seconds);

#endif
