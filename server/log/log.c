/* SPDX-License-Identifier: MIT */
/* log.c - lines on standard error. */
#include "log.h"

#include "clock.h"
#include "gather.h"
#include "timestamp.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define LINE_SIZE GATHER_LINE_MOST
#define PATH_MOST 256 /* a longer path is cut in the line */
#define METHOD_MOST 32

static const char *const names[] = {"debug", "info", "warning", "error"};
static enum log_level lowest = LOG_INFO; /* set once, before any thread is started */

void log_set_level(enum log_level level)
{
	lowest = level;
}

bool log_level_from_name(const char *name, enum log_level *level)
{
	for (size_t i = 0; i < ARRAY_LENGTH(names); i++) {
		if (strcmp(name, names[i]) == 0) {
			*level = (enum log_level)i;
			return true;
		}
	}
	return false;
}

/* Puts the time at the line's start and gives its length. */
static size_t put_time(char line[LINE_SIZE])
{
	size_t length = timestamp_format(clock_now(), 'T', line);

	line[length++] = 'Z';
	line[length++] = ' ';
	return length;
}

/* Ends the line, and gives its length with the end. */
static size_t end_line(char line[LINE_SIZE], size_t length)
{
	if (length > LINE_SIZE - 1)
		length = LINE_SIZE - 1;
	line[length] = '\n';
	return length + 1;
}

void log_line(enum log_level level, const char *format, ...)
{
	char line[LINE_SIZE];
	size_t length;
	va_list arguments;
	int printed;

	if (level < lowest)
		return;
	length = put_time(line);
	length += (size_t)snprintf(line + length, LINE_SIZE - length, "%s ", names[level]);
	va_start(arguments, format);
	printed = vsnprintf(line + length, LINE_SIZE - length, format, arguments);
	va_end(arguments);
	for (char *c = line + length; *c; c++) /* what it quotes must not make a second line of it */
		if ((unsigned char)*c < ' ' || *c == 0x7F)
			*c = '?';
	gather_append(line, end_line(line, printed < 0 ? length : length + (size_t)printed), true);
}

void log_text(const char *text, size_t length)
{
	gather_append(text, length, true);
}

size_t log_dropped_line(char line[GATHER_LINE_MOST], uint64_t dropped)
{
	size_t length = put_time(line);
	int printed =
		snprintf(line + length, LINE_SIZE - length,
			 "warning %llu lines of the log were dropped: nobody read them in time, or they could not "
			 "be written; look at what reads standard error",
			 (unsigned long long)dropped);

	return end_line(line, length + (size_t)printed);
}

/* What a client sent must not break the line or fake another. */
static size_t put_printable(char *out, struct span text, size_t most)
{
	size_t length = text.length < most ? text.length : most;

	for (size_t i = 0; i < length; i++) {
		unsigned char c = (unsigned char)text.data[i];

		out[i] = (char)(c > ' ' && c < 0x7F ? c : '?');
	}
	return length;
}

static size_t put_text(char *out, struct span text)
{
	memcpy(out, text.data, text.length);
	return text.length;
}

static size_t put_number(char *out, uint64_t number)
{
	char digits[20];
	size_t count = 0;

	do {
		digits[count++] = (char)('0' + number % 10);
		number /= 10;
	} while (number > 0);
	for (size_t i = 0; i < count; i++)
		out[i] = digits[count - 1 - i];
	return count;
}

void log_access(enum log_level level, const struct log_access *access)
{
	char line[LINE_SIZE];
	size_t length;

	if (level < lowest)
		return;
	length = put_time(line);
	length += put_text(line + length, SPAN("access method="));
	length += put_printable(line + length, access->method, METHOD_MOST);
	length += put_text(line + length, SPAN(" path="));
	length += put_printable(line + length, access->path, PATH_MOST);
	length += put_text(line + length, SPAN(" status="));
	length += put_number(line + length, access->status);
	length += put_text(line + length, SPAN(" bytes="));
	length += put_number(line + length, access->bytes);
	length += put_text(line + length, SPAN(" us="));
	length += put_number(line + length, (uint64_t)access->microseconds);
	length += put_text(line + length, SPAN(" user="));
	if (access->user_id > 0)
		length += put_number(line + length, (uint64_t)access->user_id);
	else
		line[length++] = '-';
	if (access->why) {
		length += put_text(line + length, SPAN(" why="));
		length += put_text(line + length, span_from(access->why));
	}
	gather_append(line, end_line(line, length), false);
}
