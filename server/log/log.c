/* SPDX-License-Identifier: MIT */
/* log.c - lines on standard error. */
#include "log.h"

#include "log_json.h"
#include "log_line.h"
#include "log_writer.h"

#include <poll.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* What is longer is cut. */
#define MAX_PATH_LENGTH 256
#define MAX_METHOD_LENGTH 32

/* How long a process that ends waits to say why. */
#define SIGNAL_PATIENCE_MS 1000

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

void log_set_json(bool json)
{
	log_line_set_json(json);
}

bool log_is_json(void)
{
	return log_line_is_json();
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
	char sentence[LOG_LINE_SIZE], line[LOG_JSON_SIZE];
	va_list arguments;

	if (!is_written(level))
		return;
	va_start(arguments, format);
	vsnprintf(sentence, sizeof(sentence), format, arguments);
	va_end(arguments);
	log_writer_append(line, log_line_write(line, level_names[level], sentence), true);
}

void log_from_signal(const char *sentence)
{
	char line[LOG_JSON_SIZE];
	size_t length = log_line_write(line, level_names[LOG_ERROR], sentence);
	struct pollfd watched = {.fd = STDERR_FILENO, .events = POLLOUT};

	if (poll(&watched, 1, SIGNAL_PATIENCE_MS) == 1 && write(STDERR_FILENO, line, length) < 0)
		return; /* there is nobody to tell */
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

static size_t put_id(char *out, const char *name, struct span id)
{
	size_t length = 0;

	if (!id.data)
		return 0;
	length += put_text(out, span_from(name));
	return length + put_text(out + length, id);
}

static size_t write_text(char line[LOG_LINE_SIZE], const struct log_access *access)
{
	size_t length = log_line_begin(line);

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
	length += put_id(line + length, " request_id=", access->request_id);
	length += put_id(line + length, " trace_id=", access->trace_id);
	if (access->why) {
		length += put_text(line + length, SPAN(" why="));
		length += put_text(line + length, span_from(access->why));
	}
	return log_line_end(line, length);
}

static struct span cut(struct span text, size_t max_length)
{
	return (struct span){text.data, text.length < max_length ? text.length : max_length};
}

static size_t put_member(char *out, const char *name, uint64_t number)
{
	size_t length = put_text(out, span_from(name));

	return length + put_number(out + length, number);
}

static size_t write_json(char line[LOG_JSON_SIZE], const char *level, const struct log_access *access)
{
	uint64_t microseconds = (uint64_t)access->microseconds;
	size_t length = log_json_begin(line, level);

	length += put_text(line + length, SPAN(",\"message\":\"access\""));
	length += log_json_text(line + length, "method", cut(access->method, MAX_METHOD_LENGTH));
	length += log_json_text(line + length, "path", cut(access->path, MAX_PATH_LENGTH));
	length += put_member(line + length, ",\"status\":", access->status);
	length += put_member(line + length, ",\"bytes\":", access->bytes);
	length += put_member(line + length, ",\"duration_ms\":", microseconds / 1000);
	line[length++] = '.';
	line[length++] = (char)('0' + microseconds / 100 % 10);
	line[length++] = (char)('0' + microseconds / 10 % 10);
	line[length++] = (char)('0' + microseconds % 10);
	if (access->user_id > 0)
		length += put_member(line + length, ",\"user\":", (uint64_t)access->user_id);
	else
		length += put_text(line + length, SPAN(",\"user\":null"));
	if (access->request_id.data)
		length += log_json_text(line + length, "request_id", access->request_id);
	if (access->trace_id.data)
		length += log_json_text(line + length, "trace_id", access->trace_id);
	if (access->why)
		length += log_json_text(line + length, "why", span_from(access->why));
	return length + log_json_end(line + length);
}

void log_access(enum log_level level, const struct log_access *access)
{
	char line[LOG_JSON_SIZE];

	if (is_written(level))
		log_writer_append(line,
				  log_line_is_json() ? write_json(line, level_names[level], access)
						     : write_text(line, access),
				  false);
}
