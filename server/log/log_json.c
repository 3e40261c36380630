/* SPDX-License-Identifier: MIT */
/* log_json.c - the parts of a JSON object in one line. */
#include "log_json.h"

#include "clock.h"
#include "timestamp.h"
#include "utf8.h"

#include <stdio.h>
#include <string.h>

static size_t put(char *out, const char *text)
{
	size_t length = strlen(text);

	memcpy(out, text, length);
	return length;
}

size_t log_json_begin(char *out, const char *level)
{
	size_t length = put(out, "{\"time\":\"");

	length += timestamp_format(clock_now(), 'T', out + length);
	length += put(out + length, "Z\",\"level\":\"");
	length += put(out + length, level);
	return length + put(out + length, "\"");
}

static bool is_plain(unsigned char c)
{
	return c >= ' ' && c < 0x7F && c != '"' && c != '\\';
}

static size_t put_escaped(char *out, unsigned char c)
{
	static const char digits[] = "0123456789abcdef";

	if (c == '"' || c == '\\') {
		out[0] = '\\';
		out[1] = (char)c;
		return 2;
	}
	memcpy(out, "\\u00", 4);
	out[4] = digits[c >> 4];
	out[5] = digits[c & 15];
	return 6;
}

size_t log_json_text(char *out, const char *name, struct span text)
{
	char *start = out;

	out += put(out, ",\"");
	out += put(out, name);
	out += put(out, "\":\"");
	for (size_t i = 0; i < text.length;) {
		unsigned char c = (unsigned char)text.data[i];
		size_t length = c < 0x80 ? 1 : utf8_length(text.data + i, text.length - i);

		if (is_plain(c))
			*out++ = (char)c;
		else if (c < 0x80)
			out += put_escaped(out, c);
		else if (length == 0)
			out += put(out, "\xEF\xBF\xBD");
		else
			out = (char *)memcpy(out, text.data + i, length) + length;
		i += length > 0 ? length : 1;
	}
	out += put(out, "\"");
	return (size_t)(out - start);
}

size_t log_json_end(char *out)
{
	return put(out, "}\n");
}
