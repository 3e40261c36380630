/* SPDX-License-Identifier: MIT */
/* gather.h - lines on their way to standard error: one by one, or gathered and written many at a time. */
#ifndef GATHER_H
#define GATHER_H

#include <stddef.h>

/* Writes the line after all that is gathered. Lines of several threads do not mix. */
void gather_write_now(const char *line, size_t length);

/* Leaves the line to the thread of log_gather, or writes it where there is none. Waits where too much is gathered. */
void gather_append(const char *line, size_t length);

#endif
