/* SPDX-License-Identifier: MIT */
/* setting_names.c - from the name of a variable to its setting, or to the setting whose name is most like it. */
#include "setting_names.h"

#include "cli.h"

#include <stdio.h>
#include <string.h>

#define PREFIX "DIRECTMESSAGES_"

/* What is longer is compared by its beginning: no setting has so long a name. */
#define MAX_NAME 64

extern char **environ;

enum setting setting_by_name(const char *name)
{
	for (int i = SETTING_NONE + 1; i < SETTING_COUNT; i++)
		if (strcmp(setting_row(i)->variable, name) == 0)
			return i;
	return SETTING_NONE;
}

static size_t least(size_t a, size_t b, size_t c)
{
	size_t ab = a < b ? a : b;

	return ab < c ? ab : c;
}

/* How many characters must be put in, taken out or replaced to make one name of the other. */
static size_t distance(const char *from, const char *to)
{
	size_t row[MAX_NAME + 1], width = strnlen(to, MAX_NAME), height = strnlen(from, MAX_NAME);

	for (size_t column = 0; column <= width; column++)
		row[column] = column;
	for (size_t line = 1; line <= height; line++) {
		size_t diagonal = row[0];

		row[0] = line;
		for (size_t column = 1; column <= width; column++) {
			size_t above = row[column], replaced = diagonal + (from[line - 1] != to[column - 1]);

			row[column] = least(above + 1, row[column - 1] + 1, replaced);
			diagonal = above;
		}
	}
	return row[width];
}

void setting_format_nearest(const char *name, char text[SETTING_NEAREST_SIZE])
{
	size_t best = SIZE_MAX;
	const char *nearest = "";

	for (int i = SETTING_NONE + 1; i < SETTING_COUNT; i++) {
		size_t this = distance(name, setting_row(i)->variable);

		if (this < best) {
			best = this;
			nearest = setting_row(i)->variable;
		}
	}
	snprintf(text, SETTING_NEAREST_SIZE, "did you mean %s?", nearest);
}

void setting_warn_of_unknown(void)
{
	for (char **variable = environ; variable && *variable; variable++) {
		size_t length = strcspn(*variable, "=");
		char name[128], nearest[SETTING_NEAREST_SIZE];

		if (strncmp(*variable, PREFIX, strlen(PREFIX)) != 0)
			continue;
		snprintf(name, sizeof(name), "%.*s", (int)(length < sizeof(name) ? length : sizeof(name) - 1),
			 *variable);
		if (setting_by_name(name))
			continue;
		setting_format_nearest(name, nearest);
		cli_warn("there is no setting %s; %s", name, nearest);
	}
}
