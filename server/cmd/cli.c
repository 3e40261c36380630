/* SPDX-License-Identifier: MIT */
/* cli.c - errors in one line, fields of a line of output, numbers. */
#include "cli.h"

#include "log.h"
#include "span.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static const char *log_occasion;

void cli_log_on(const char *occasion)
{
	log_occasion = occasion;
}

PRINTF_LIKE(2, 0) static void print_line(enum log_level level, const char *format, va_list arguments)
{
	const char *kind = level == LOG_WARNING ? "warning: " : "";
	char line[1024], text[sizeof(line) + 32];

	vsnprintf(line, sizeof(line), format, arguments);
	if (log_occasion || log_is_json()) {
		log_line(level, "%s%s", level == LOG_WARNING || !log_occasion ? "" : log_occasion, line);
		return;
	}
	for (char *c = line; *c; c++) /* what it quotes must not begin a second line */
		if ((unsigned char)*c < ' ' || *c == 0x7F)
			*c = '?';
	log_text(text, (size_t)snprintf(text, sizeof(text), "directmessages: %s%s\n", kind, line));
}

int cli_fail(int status, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	print_line(LOG_ERROR, format, arguments);
	va_end(arguments);
	return status;
}

void cli_warn(const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	print_line(LOG_WARNING, format, arguments);
	va_end(arguments);
}

bool cli_parse_number(const char *text, int64_t min, int64_t max, int64_t *number)
{
	return span_to_int64(span_from(text), number) && *number >= min && *number <= max;
}

void cli_print_field(struct dm_text text)
{
	for (size_t i = 0; i < text.length; i++) {
		unsigned char c = (unsigned char)text.data[i];

		if (c == '\n')
			fputs("\\n", stdout);
		else if (c == '\t')
			fputs("\\t", stdout);
		else if (c == '\\')
			fputs("\\\\", stdout);
		else if (c < 0x20 || c == 0x7F)
			printf("\\x%02x", c);
		else if (c == 0xC2 && i + 1 < text.length &&
			 (unsigned char)text.data[i + 1] < 0xA0) /* U+0080 to U+009F */
			printf("\\x%02x", (unsigned char)text.data[++i]);
		else
			putchar(c);
	}
}
