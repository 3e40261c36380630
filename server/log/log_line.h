/* SPDX-License-Identifier: MIT */
/* log_line.h - the form of a line of the log: "<time> <text>\n". */
#ifndef LOG_LINE_H
#define LOG_LINE_H

#include <stddef.h>

#define LOG_LINE_SIZE 1024

/* Writes the time and a blank, and returns their length. */
size_t log_line_begin(char line[LOG_LINE_SIZE]);

/* Cuts the line, of which `length` bytes are wanted, to its maximum length, and ends it. Returns its length with the
 * end. It has no NUL. */
size_t log_line_end(char line[LOG_LINE_SIZE], size_t length);

#endif
