/* SPDX-License-Identifier: MIT */
/* log_line.h - the form of a line of the log: "<time> <text>\n", or a JSON object. */
#ifndef LOG_LINE_H
#define LOG_LINE_H

#include "span.h"

#define LOG_LINE_SIZE 1024

/* Of a JSON object: each byte of a text may become six. */
#define LOG_JSON_SIZE ((size_t)8192)

/* From now on lines are JSON objects, or no longer. Before other threads write lines. */
void log_line_set_json(bool json);
bool log_line_is_json(void);

/* Writes a whole line, with its end, of a level and a sentence that ends with a NUL. Returns its length; there is no
 * NUL. A sentence longer than a text line is cut; control characters become '?' in a text line. Calls nothing that a
 * signal handler may not. */
size_t log_line_write(char line[LOG_JSON_SIZE], const char *level, const char *sentence);

/* Writes the time and a blank, and returns their length. */
size_t log_line_begin(char line[LOG_LINE_SIZE]);

/* Cuts the line, of which `length` bytes are wanted, to its maximum length, and ends it. Returns its length with the
 * end. It has no NUL. */
size_t log_line_end(char line[LOG_LINE_SIZE], size_t length);

#endif
