/* SPDX-License-Identifier: MIT */
/* log_writer.h - writes the log's lines to standard error: a thread of its own does, so that no other thread waits for
 * whoever reads them. */
#ifndef LOG_WRITER_H
#define LOG_WRITER_H

#include "attributes.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Starts the thread. Until then each line is written at once by its own thread. False: no thread; nothing has changed.
 */
MUST_CHECK bool log_writer_start(void);

/* Waits up to two seconds until all lines are written, and ends the thread. */
void log_writer_stop(void);

/* Hands a line, with its end, to the thread. Never waits: if there is no room, the line is dropped and counted, and a
 * later line says how many were. The thread writes an urgent line at once and others within some milliseconds, many in
 * one system call. Lines stay in order and whole. Callable on any thread. */
void log_writer_append(const char *line, size_t length, bool is_urgent);

/* Lines dropped since the start. Callable on any thread. */
uint64_t log_lines_dropped(void);

#endif
