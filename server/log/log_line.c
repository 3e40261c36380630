/* SPDX-License-Identifier: MIT */
/* log_line.c - the form of a line of the log. */
#include "log_line.h"

#include "clock.h"
#include "timestamp.h"

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
