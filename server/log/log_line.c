/* SPDX-License-Identifier: MIT */
/* log_line.c - the form of a line of the log. */
#include "log_line.h"

#include "clock.h"
#include "log_json.h"
#include "timestamp.h"

#include <string.h>

static bool is_json; /* set before other threads write lines */

void log_line_set_json(bool json)
{
	is_json = json;
}

bool log_line_is_json(void)
{
	return is_json;
}

size_t log_line_begin(char line[LOG_LINE_SIZE])
{
	size_t length = timestamp_format(clock_now(), 'T', line);

	line[length++] = 'Z';
	line[length++] = ' ';
	return length;
}

size_t log_line_end(char line[LOG_LINE_SIZE], size_t length)
{
	if (length > LOG_LINE_SIZE - 1)
		length = LOG_LINE_SIZE - 1;
	line[length] = '\n';
	return length + 1;
}

static size_t write_json(char line[LOG_JSON_SIZE], const char *level, const char *sentence)
{
	struct span text = span_from(sentence);
	size_t length = log_json_begin(line, level);

	if (text.length > LOG_LINE_SIZE)
		text.length = LOG_LINE_SIZE;
	length += log_json_text(line + length, "message", text);
	return length + log_json_end(line + length);
}

size_t log_line_write(char line[LOG_JSON_SIZE], const char *level, const char *sentence)
{
	size_t length;

	if (is_json)
		return write_json(line, level, sentence);
	length = log_line_begin(line);
	length = (size_t)(stpcpy(line + length, level) - line);
	line[length++] = ' ';
	for (; *sentence && length < LOG_LINE_SIZE - 1; sentence++) /* a quoted text must not start a second line */
		line[length++] = (unsigned char)*sentence < ' ' || *sentence == 0x7F ? '?' : *sentence;
	return log_line_end(line, length);
}
