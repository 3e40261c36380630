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

/* From now on access lines are gathered and written by a thread of their own, some milliseconds later at most: a system
 * call for each request is dear. All other lines are still written at once, in order. False where there is no thread;
 * then nothing has changed. */
MUST_CHECK bool log_gather(void);
/* Writes what is gathered, and ends the thread. */
void log_gather_end(void);

/* "<time> <level> <text>", in one write. */
void log_line(enum log_level level, const char *format, ...) PRINTF_LIKE(2, 3);

struct log_access {
	struct span method;
	struct span path; /* without the query */
	unsigned status;
	uint64_t bytes; /* of the answer's body */
	int64_t microseconds;
	int64_t user_id; /* 0: nobody */
};

/* The line of one request. */
void log_access(enum log_level level, const struct log_access *access);

#endif
