/* SPDX-License-Identifier: MIT */
/* setting_values.c - the value of each setting, from the first of its sources that has one. */
#include "setting_values.h"

#include "cli.h"
#include "setting_file.h"
#include "setting_names.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *given[SETTING_COUNT]; /* by flags */
static struct setting_file *file;        /* NULL: there is none */

void setting_give(enum setting setting, const char *value)
{
	given[setting] = value;
}

struct setting_file *setting_use_file(struct setting_file *next)
{
	struct setting_file *before = file;

	file = next;
	return before;
}

/* An empty value counts as none. */
static const char *unless_empty(enum setting setting, const char *value)
{
	return value && (*value || setting_row(setting)->may_be_empty) ? value : NULL;
}

static const char *from_environment(enum setting setting)
{
	return unless_empty(setting, getenv(setting_row(setting)->variable));
}

static const char *from_file(enum setting setting)
{
	return file ? unless_empty(setting, setting_file_value(file, setting)) : NULL;
}

bool setting_is_fixed(enum setting setting)
{
	return given[setting] || from_environment(setting);
}

/* NULL: there is only the default. */
static const char *configured(enum setting setting)
{
	const char *value = given[setting];

	if (!value)
		value = from_environment(setting);
	return value ? value : from_file(setting);
}

const char *setting_text(enum setting setting)
{
	const char *value = configured(setting);

	return value ? value : setting_row(setting)->text;
}

const char *setting_name(enum setting setting)
{
	static char name[320];
	const struct setting_row *row = setting_row(setting);

	if (given[setting])
		snprintf(name, sizeof(name), "--%s", row->flag);
	else if (!from_environment(setting) && from_file(setting))
		snprintf(name, sizeof(name), "%.200s, line %zu: %s", setting_file_path(file),
			 setting_file_line(file, setting), row->variable);
	else
		return row->variable;
	return name;
}

bool setting_refuse(enum setting setting)
{
	char values[SETTING_VALUES_SIZE];

	setting_format_values(setting_row(setting), values);
	cli_fail(EXIT_USAGE, "%s is '%.100s'; give %s", setting_name(setting), configured(setting), values);
	return false;
}

bool setting_number(enum setting setting, int64_t *number)
{
	const struct setting_row *row = setting_row(setting);
	const char *value = configured(setting);

	*number = row->number;
	return !value || cli_parse_number(value, row->min, row->max, number) || setting_refuse(setting);
}

bool setting_switch(enum setting setting, bool *on)
{
	const char *value = configured(setting);

	*on = value ? strcmp(value, "1") == 0 : setting_row(setting)->number == 1;
	return !value || *on || strcmp(value, "0") == 0 || setting_refuse(setting);
}

bool setting_values_load(void)
{
	const char *path = setting_text(SETTING_CONFIG);

	setting_warn_of_unknown();
	if (path)
		file = setting_file_read(path);
	return file || !path;
}
