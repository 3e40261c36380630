/* SPDX-License-Identifier: MIT */
/* env_lines.c - reads NAME=VALUE lines as systemd's EnvironmentFile= has them.
 *
 * A value becomes no longer by being read, so it is written where it stands. What systemd passes over (a line without
 * '=', a bad name, a quote that is not closed) is an error here: somebody meant something by it. */
#include "env_lines.h"

#include "utf8.h"

#include <string.h>

#define COMMENT_MARKS "#;"
#define BLANKS " \t"
#define LINE_ENDS "\r\n"
#define ESCAPED_IN_QUOTES "\"\\`$" /* a backslash before another character stays, between double quotes */

static bool is_one_of(char c, const char *set)
{
	return c != '\0' && strchr(set, c);
}

void env_lines_begin(struct env_lines *lines, char *text)
{
	*lines = (struct env_lines){.at = text, .line = 1};
}

/* Returns the next character and goes behind it. */
static char next_character(struct env_lines *lines)
{
	lines->line += *lines->at == '\n';
	return *lines->at++;
}

/* Goes to the next name. False: there is none. */
static bool find_name(struct env_lines *lines)
{
	while (is_one_of(*lines->at, BLANKS LINE_ENDS COMMENT_MARKS)) {
		if (is_one_of(*lines->at, COMMENT_MARKS))
			lines->at += strcspn(lines->at, LINE_ENDS);
		else
			(void)next_character(lines);
	}
	return *lines->at != '\0';
}

static bool is_name(const char *name)
{
	static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_";

	return is_one_of(*name, letters) && name[strspn(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_"
							      "0123456789")] == '\0';
}

/* Cuts off the name and its '='. Returns what is wrong with it, or NULL. */
static const char *read_name(struct env_lines *lines, struct env_entry *entry)
{
	char *name = lines->at, *end = name + strcspn(name, "=" LINE_ENDS);

	if (*end != '=')
		return "there is no '=' in it; write NAME=VALUE, or # in front of a comment";
	lines->at = end + 1;
	while (end > name && is_one_of(end[-1], BLANKS))
		end--;
	*end = '\0';
	entry->name = name;
	return is_name(name) ? NULL : "what stands before '=' is no name; write NAME=VALUE, without 'export'";
}

/* Each of these reads a part of a value, writes it to *out and goes behind it. False: its quote is not closed. */

static bool read_single_quoted(struct env_lines *lines, char **out)
{
	while (*lines->at != '\'') {
		if (*lines->at == '\0')
			return false;
		*(*out)++ = next_character(lines);
	}
	lines->at++;
	return true;
}

static bool read_double_quoted(struct env_lines *lines, char **out)
{
	while (*lines->at != '"') {
		char c = *lines->at;

		if (c == '\0')
			return false;
		(void)next_character(lines);
		if (c == '\\' && *lines->at == '\n') {
			(void)next_character(lines);
			continue;
		}
		if (c == '\\' && is_one_of(*lines->at, ESCAPED_IN_QUOTES))
			c = next_character(lines);
		*(*out)++ = c;
	}
	lines->at++;
	return true;
}

/* To the end of the line. Blanks at the end do not count, unless a backslash stands before them. */
static void read_unquoted(struct env_lines *lines, char **out)
{
	char *end = *out;

	while (*lines->at != '\0' && !is_one_of(*lines->at, LINE_ENDS)) {
		char c = next_character(lines);
		bool is_escaped = c == '\\';

		if (is_escaped) {
			end = *out;
			if (*lines->at == '\0')
				break;
			c = next_character(lines);
			if (is_one_of(c, LINE_ENDS))
				continue;
		}
		*(*out)++ = c;
		if (is_escaped || !is_one_of(c, BLANKS))
			end = *out;
	}
	*out = end;
}

/* Quoted parts may follow one another; what is not quoted is the last part. Returns what is wrong, or NULL. */
static const char *read_value(struct env_lines *lines, struct env_entry *entry)
{
	char *start = lines->at, *out = start;
	bool is_closed = true, is_last = false;

	while (is_closed && !is_last) {
		lines->at += strspn(lines->at, BLANKS);
		is_last = *lines->at == '\0' || is_one_of(*lines->at, LINE_ENDS);
		if (*lines->at == '\'') {
			lines->at++;
			is_closed = read_single_quoted(lines, &out);
		} else if (*lines->at == '"') {
			lines->at++;
			is_closed = read_double_quoted(lines, &out);
		} else if (!is_last) {
			read_unquoted(lines, &out);
			is_last = true;
		}
	}
	if (!is_closed)
		return "a quote of its value is not closed; close it, or put a backslash before it";
	if (*lines->at != '\0')
		(void)next_character(lines);
	*out = '\0';
	entry->value = start;
	return utf8_valid(start, (size_t)(out - start)) ? NULL
							: "its value is not valid UTF-8; write the file as UTF-8";
}

bool env_lines_next(struct env_lines *lines, struct env_entry *entry, const char **problem)
{
	*problem = NULL;
	if (!find_name(lines))
		return false;
	entry->line = lines->line;
	*problem = read_name(lines, entry);
	if (!*problem)
		*problem = read_value(lines, entry);
	return !*problem;
}
