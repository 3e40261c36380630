/* SPDX-License-Identifier: MIT */
/* log.c - lines on standard error. */
#include "log.h"

#include "log_line.h"
#include "log_writer.h"

#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

/* What is longer is cut. */
#define MAX_PATH_LENGTH 256
#define MAX_METHOD_LENGTH 32

static const char *const level_names[] = {"debug", "info", "warning", "error"};
static atomic_int lowest = LOG_INFO;

void log_set_level(enum log_level level)
{
	atomic_store_explicit(&lowest, (int)level, memory_order_relaxed);
}

static bool is_written(enum log_level level)
{
	return (int)level >= atomic_load_explicit(&lowest, memory_order_relaxed);
}

bool log_level_from_name(const char *name, enum log_level *level)
{
	for (size_t i = 0; i < ARRAY_LENGTH(level_names); i++) {
		if (strcmp(name, level_names[i]) == 0) {
			*level = (enum log_level)i;
			return true;
		}
	}
	return false;
}

void log_line(enum log_level level, const char *format, ...)
{
	char line[LOG_LINE_SIZE];
	size_t length;
	va_list arguments;
	int printed;

	if (!is_written(level))
		return;
	length = log_line_begin(line);
	length += (size_t)snprintf(line + length, LOG_LINE_SIZE - length, "%s ", level_names[level]);
	va_start(arguments, format);
	printed = vsnprintf(line + length, LOG_LINE_SIZE - length, format, arguments);
	va_end(arguments);
	for (char *c = line + length; *c; c++) /* a quoted text must not start a second line */
		if ((unsigned char)*c < ' ' || *c == 0x7F)
			*c = '?';
	log_writer_append(line, log_line_end(line, printed < 0 ? length : length + (size_t)printed), true);
}

void log_text(const char *text, size_t length)
{
	log_writer_append(text, length, true);
}

/* Copies a client's text, which must not end the line or fake another field. Returns its length. */
static size_t put_printable(char *out, struct span text, size_t max_length)
{
	size_t length = text.length < max_length ? text.length : max_length;

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
	char line[LOG_LINE_SIZE];
	size_t length;

	if (!is_written(level))
		return;
	length = log_line_begin(line);
	length += put_text(line + length, SPAN("access method="));
	length += put_printable(line + length, access->method, MAX_METHOD_LENGTH);
	length += put_text(line + length, SPAN(" path="));
	length += put_printable(line + length, access->path, MAX_PATH_LENGTH);
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
	log_writer_append(line, log_line_end(line, length), false);
}
