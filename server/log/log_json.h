/* SPDX-License-Identifier: MIT */
/* log_json.h - the parts of a JSON object in one line. Each writes to `out` and returns how many bytes. */
#ifndef LOG_JSON_H
#define LOG_JSON_H

#include "span.h"

/* Begins the object with the time and the level. */
size_t log_json_begin(char *out, const char *level);

/* Adds ,"name":"text": up to six times the text's length. Bytes that are no UTF-8 become U+FFFD, so that the line is
 * valid whatever it quotes. */
size_t log_json_text(char *out, const char *name, struct span text);

/* Ends the object and the line. */
size_t log_json_end(char *out);

#endif
