/* SPDX-License-Identifier: MIT */
/* completion_words.c - what the scripts of all shells need of the tables. */
#include "completion_words.h"

#include "attributes.h"

#include <stdio.h>
#include <string.h>

const struct flag *completion_common_flags(size_t *count)
{
	static struct flag flags[3];
	static const enum setting settings[] = {SETTING_DATABASE, SETTING_CONFIG};

	for (size_t i = 0; i < ARRAY_LENGTH(settings); i++) {
		const struct setting_row *row = setting_row(settings[i]);

		flags[i] = (struct flag){.name = row->flag, .argument = row->argument, .help = row->help};
	}
	flags[2] = (struct flag){.name = "help", .help = "Print the help."};
	*count = ARRAY_LENGTH(flags);
	return flags;
}

void completion_each_flag(const struct command *command,
			  void (*print)(const struct command *command, const struct flag *flag))
{
	size_t common_count, own_count = command ? command_flags_count(command) : 0;
	const struct flag *common = completion_common_flags(&common_count);

	for (size_t i = 0; i < own_count; i++) {
		struct flag flag = command_flag(command, i);

		print(command, &flag);
	}
	for (size_t i = 0; i < common_count; i++)
		print(command, &common[i]);
}

size_t completion_group_length(const struct command *command)
{
	const char *blank = strchr(command->name, ' ');

	return blank ? (size_t)(blank - command->name) : 0;
}

bool completion_begins_group(const struct command_table *commands, size_t index)
{
	const struct command *command = &commands->rows[index];
	size_t length = completion_group_length(command);

	return length > 0 && (index == 0 || completion_group_length(command - 1) != length ||
			      strncmp(command[-1].name, command->name, length) != 0);
}

const char *completion_name(const struct command *command)
{
	size_t length = completion_group_length(command);

	return command->name + (length > 0 ? length + 1 : 0);
}

bool completion_is_file(const char *argument)
{
	return argument && strcmp(argument, "FILE") == 0;
}

/* "debug, info, warning or error" is a list; a text with other words is none. */
static bool is_list(const char *values)
{
	while (*values) {
		size_t length = strspn(values, "abcdefghijklmnopqrstuvwxyz-");
		const char *behind = values + length;

		if (length == 0)
			return false;
		if (strncmp(behind, ", ", 2) == 0)
			behind += 2;
		else if (strncmp(behind, " or ", 4) == 0)
			behind += 4;
		else if (*behind)
			return false;
		values = behind;
	}
	return true;
}

void completion_choices(const struct flag *flag, char choices[COMPLETION_CHOICES_SIZE])
{
	const char *values = flag->setting ? setting_row(flag->setting)->values : NULL;
	size_t length = 0;

	snprintf(choices, COMPLETION_CHOICES_SIZE, "%s", flag->choices ? flag->choices : "");
	if (!values || !is_list(values))
		return;
	while (*values && length < COMPLETION_CHOICES_SIZE - 1) {
		if (strncmp(values, " or ", 4) == 0)
			values += 3;
		if (*values == ',')
			values++;
		else
			choices[length++] = *values++;
	}
	choices[length] = '\0';
}

void completion_print_sentence(const char *text, const char *special, const char *quote)
{
	for (; *text; text++) {
		if (*text == '.' && (text[1] == ' ' || text[1] == '\0'))
			return;
		if (*text == '`')
			continue;
		if (*text == '\'') {
			fputs(quote, stdout);
			continue;
		}
		if (strchr(special, *text))
			putchar('\\');
		putchar(*text);
	}
}
