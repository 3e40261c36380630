/* SPDX-License-Identifier: MIT */
/* log.h - lines on standard error. They never hold a token, the content of a message, or a query string. */
#ifndef LOG_H
#define LOG_H

#include "attributes.h"
#include "span.h"

enum log_level { LOG_DEBUG, LOG_INFO, LOG_WARNING, LOG_ERROR };

/* Lines below the level are not written; the default is LOG_INFO. Callable on any thread. */
void log_set_level(enum log_level level);

/* From now on each line is a JSON object, or no longer. Set it before other threads start. */
void log_set_json(bool json);
bool log_is_json(void);

/* False: no level has this name. */
bool log_level_from_name(const char *name, enum log_level *level);

/* Writes "<time> <level> <text>", or a JSON object of these. A line longer than 1023 bytes is cut; control characters
 * become '?', in JSON escapes. */
void log_line(enum log_level level, const char *format, ...) PRINTF_LIKE(2, 3);

/* Writes "<time> error <text>", or a JSON object of these, before the lines that still wait. For a signal handler of a
 * process that ends: waits for a reader of standard error, but at most a second. */
void log_from_signal(const char *sentence);

/* Writes the text as it is. It ends with a line end. */
void log_text(const char *text, size_t length);

struct log_access {
	struct span method;
	struct span path; /* without the query */
	unsigned status;
	uint64_t bytes; /* of the response's body */
	int64_t microseconds;
	int64_t user_id;                  /* 0: nobody */
	struct span request_id, trace_id; /* of the client, printable ASCII; data NULL: none */
	const char *why;                  /* why the response was not sent, or not all of it; NULL: it was */
};

/* Writes the line of one request. */
void log_access(enum log_level level, const struct log_access *access);

#endif
