/* SPDX-License-Identifier: MIT */
/* gather.h - lines on their way to standard error: gathered, and written many at a time by a thread that alone may have
 * to wait for whoever reads them. */
#ifndef GATHER_H
#define GATHER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define GATHER_LINE_MOST 1024

/* Leaves the line to the thread of log_gather, or writes it where there is none. Never waits for the thread: a line
 * that there is no room for is dropped and counted. The thread writes an urgent line at once, all others some
 * milliseconds later; lines stay in order, and those of several threads do not mix. */
void gather_append(const char *line, size_t length, bool is_urgent);

/* In log.c: the line that tells how many were dropped; gives its length. */
size_t log_dropped_line(char line[GATHER_LINE_MOST], uint64_t dropped);

#endif
