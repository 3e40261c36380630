/* SPDX-License-Identifier: MIT */
/* help.c - what --help prints, for a terminal of 80 columns. */
#include "help.h"

#include "attributes.h"

#include <stdio.h>
#include <string.h>

#define WIDTH 79
#define LEFT 2
#define COMMAND_COLUMN 32
#define FLAG_COLUMN 26

static void indent(int from, int to)
{
	printf("%*s", to > from ? to - from : 0, "");
}

/* Prints the text from `column` on, in lines that end before WIDTH and begin in the same column. Backquotes are left
 * out. */
static void print_wrapped(const char *text, int column)
{
	int at = column;

	while (*text) {
		size_t length = strcspn(text, " ");
		int shown = 0;

		for (size_t i = 0; i < length; i++)
			shown += text[i] != '`';
		if (at > column && at + 1 + shown > WIDTH) {
			putchar('\n');
			indent(0, column);
			at = column;
		} else if (at > column) {
			putchar(' ');
			at++;
		}
		for (size_t i = 0; i < length; i++)
			if (text[i] != '`')
				putchar(text[i]);
		at += shown;
		text += length;
		text += *text == ' ';
	}
	putchar('\n');
}

/* Prints `left` from column LEFT on, and the text beside it; below it where `left` is too long. */
static void print_entry(const char *left, int column, const char *text)
{
	int end = printf("%*s%s", LEFT, "", left);

	if (end >= column) {
		putchar('\n');
		end = 0;
	}
	indent(end, column);
	print_wrapped(text, column);
}

static void print_setting(const char *left, const struct setting_row *row, bool names_variable)
{
	char fallback[SETTING_DEFAULT_SIZE], values[SETTING_VALUES_SIZE], text[1024];

	setting_format_default(row, fallback);
	setting_format_values(row, values);
	snprintf(text, sizeof(text), "%s%s Default: %s. %s: %s.", row->help, setting_reload_note(row), fallback,
		 names_variable ? "Variable" : "Values", names_variable ? row->variable : values);
	print_entry(left, FLAG_COLUMN, text);
}

static void print_flag(const struct flag *flag)
{
	char left[COMMAND_FLAG_SIZE], text[COMMAND_HELP_SIZE];

	command_format_flag(flag, left);
	command_format_help(flag, text);
	if (flag->setting)
		print_setting(left, setting_row(flag->setting), true);
	else
		print_entry(left, FLAG_COLUMN, text);
}

static void print_common_flags(void)
{
	static const enum setting common[] = {SETTING_DATABASE, SETTING_CONFIG};

	for (size_t i = 0; i < ARRAY_LENGTH(common); i++) {
		const struct setting_row *row = setting_row(common[i]);
		const struct flag flag = {row->flag, row->argument, row->help, common[i], 0, 0, 0, NULL};

		print_flag(&flag);
	}
	print_entry("--help", FLAG_COLUMN, "Print this text.");
}

static void print_paragraphs(const char *text)
{
	while (text && *text) {
		const char *end = strstr(text, "\n\n");
		int length = (int)(end ? (size_t)(end - text) : strlen(text));
		char paragraph[1024];

		snprintf(paragraph, sizeof(paragraph), "%.*s", length, text);
		putchar('\n');
		print_wrapped(paragraph, 0);
		text = end ? end + 2 : NULL;
	}
}

/* The settings that only the environment gives. */
static void print_environment(void)
{
	puts("\nEnvironment variables without a flag:\n");
	for (int i = SETTING_NONE + 1; i < SETTING_COUNT; i++)
		if (!setting_row(i)->flag)
			print_setting(setting_row(i)->variable, setting_row(i), false);
}

void help_print_command(const struct command *command)
{
	size_t count = command_flags_count(command);
	char usage[COMMAND_USAGE_SIZE];

	command_format_usage(command, usage);
	printf("usage: directmessages [--database URL] %s%s%s\n", command->name, *usage ? " " : "", usage);
	print_paragraphs(command->summary);
	print_paragraphs(command->details);
	putchar('\n');
	for (size_t i = 0; i < count; i++) {
		struct flag flag = command_flag(command, i);

		print_flag(&flag);
	}
	print_common_flags();
	if (command->shows_environment)
		print_environment();
}

static void print_commands(const struct command_table *commands, const char *group)
{
	char left[COMMAND_USAGE_SIZE * 2], usage[COMMAND_USAGE_SIZE];

	for (size_t i = 0; i < commands->count; i++) {
		const struct command *command = &commands->rows[i];

		if (group && !command_is_in_group(command, group))
			continue;
		command_format_usage(command, usage);
		snprintf(left, sizeof(left), "%s %s", command->name, usage);
		print_entry(left, COMMAND_COLUMN, command->summary);
	}
}

void help_print_group(const struct command_table *commands, const char *group)
{
	printf("usage: directmessages [--database URL] %s COMMAND ...\n\n", group);
	print_commands(commands, group);
}

void help_print_program(const struct command_table *commands)
{
	puts("directmessages - private messages between users, as a service\n\n"
	     "usage: directmessages [--database URL] COMMAND ...\n");
	print_commands(commands, NULL);
	putchar('\n');
	print_common_flags();
	print_entry("--version", FLAG_COLUMN, "Print the version.");
	puts("\n'directmessages COMMAND --help' explains one command, 'man directmessages' all.");
}
