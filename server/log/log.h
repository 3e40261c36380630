/* SPDX-License-Identifier: MIT */
/* log.h - lines on standard error. Never a token, never a message's content, never a query string. */
#ifndef LOG_H
#define LOG_H

#include "attributes.h"
#include "span.h"

enum log_level { LOG_DEBUG, LOG_INFO, LOG_WARNING, LOG_ERROR };

/* Lines below the level are dropped; LOG_INFO until it is set. */
void log_set_level(enum log_level level);
bool log_level_from_name(const char *name, enum log_level *level);

/* From now on lines are left to a thread, so that nobody waits where standard error is not read or can't be written:
 * lines that there is no room for are dropped, and a line tells how many as soon as there is. Access lines are gathered
 * for some milliseconds: a system call for each request is dear. False where there is no thread; then nothing has
 * changed. */
MUST_CHECK bool log_gather(void);
/* Writes what is gathered, as far as that is possible within two seconds, and ends the thread. */
void log_gather_end(void);

/* Lines that were dropped since the start. */
uint64_t log_lines_dropped(void);

/* A line as it is, with its end. */
void log_text(const char *text, size_t length);

/* "<time> <level> <text>", in one write. */
void log_line(enum log_level level, const char *format, ...) PRINTF_LIKE(2, 3);

struct log_access {
	struct span method;
	struct span path; /* without the query */
	unsigned status;
	uint64_t bytes; /* of the answer's body */
	int64_t microseconds;
	int64_t user_id; /* 0: nobody */
	const char *why; /* the answer has not gone, or not whole; NULL where it has */
};

/* The line of one request. */
void log_access(enum log_level level, const struct log_access *access);

#endif
