/* SPDX-License-Identifier: MIT */
/* command.c - what a subcommand is called and takes, as the help and the manual show it. */
#include "command.h"

#include <stdio.h>
#include <string.h>

size_t command_flags_count(const struct command *command)
{
	size_t count = 0;

	while (count < COMMAND_MAX_FLAGS && (command->flags[count].name || command->flags[count].setting))
		count++;
	return count;
}

struct flag command_flag(const struct command *command, size_t index)
{
	struct flag flag = command->flags[index];
	const struct setting_row *row;

	if (!flag.setting)
		return flag;
	row = setting_row(flag.setting);
	return (struct flag){row->flag, row->argument, row->help, flag.setting, 0, 0, 0, NULL};
}

bool command_is_in_group(const struct command *command, const char *group)
{
	size_t length = strlen(group);

	return strncmp(command->name, group, length) == 0 && command->name[length] == ' ';
}

void command_format_flag(const struct flag *flag, char text[COMMAND_FLAG_SIZE])
{
	snprintf(text, COMMAND_FLAG_SIZE, "--%s%s%s", flag->name, flag->argument ? " " : "",
		 flag->argument ? flag->argument : "");
}

void command_format_help(const struct flag *flag, char text[COMMAND_HELP_SIZE])
{
	if (flag->fallback != 0)
		snprintf(text, COMMAND_HELP_SIZE, "%s Default: `%lld`.", flag->help, (long long)flag->fallback);
	else
		snprintf(text, COMMAND_HELP_SIZE, "%s", flag->help);
}

void command_format_usage(const struct command *command, char usage[COMMAND_USAGE_SIZE])
{
	size_t count = command_flags_count(command);
	char text[COMMAND_FLAG_SIZE] = "FLAGS";

	if (count == 1) {
		struct flag flag = command_flag(command, 0);

		command_format_flag(&flag, text);
	}
	if (count == 0)
		snprintf(usage, COMMAND_USAGE_SIZE, "%s", command->words);
	else
		snprintf(usage, COMMAND_USAGE_SIZE, "%s%s[%s]", command->words, *command->words ? " " : "", text);
}
