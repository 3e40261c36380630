/* SPDX-License-Identifier: MIT */
/* completion_zsh.c - the completion for zsh: a function for each group of commands. */
#include "completion.h"
#include "completion_words.h"

#include <stdio.h>
#include <string.h>

#define IN_BRACKETS "[]:\\"
#define QUOTE "'\\''"

static void print_flag(const struct command *command, const struct flag *flag)
{
	char choices[COMPLETION_CHOICES_SIZE];

	(void)command;
	completion_choices(flag, choices);
	printf(" \\\n\t\t\t'--%s%s[", flag->name, flag->argument ? "=" : "");
	completion_print_sentence(flag->help, IN_BRACKETS, QUOTE);
	putchar(']');
	if (flag->argument && *choices)
		printf(":%s:(%s)", flag->argument, choices);
	else if (flag->argument)
		printf(":%s:%s", flag->argument, completion_is_file(flag->argument) ? "_files" : "()");
	putchar('\'');
}

/* What is behind the name: flags and arguments. */
static void print_arguments(const struct command *command)
{
	printf("\t\t%s)\n\t\t_arguments", completion_name(command));
	completion_each_flag(command, print_flag);
	if (*command->words)
		printf(" \\\n\t\t\t'*:%s:%s'", command->words, completion_is_file(command->words) ? "_files" : "()");
	puts(" ;;");
}

static void print_name(const char *name, size_t length, const char *text)
{
	printf("\t\t'%.*s:", (int)length, name);
	completion_print_sentence(text, ":\\", QUOTE);
	puts("'");
}

/* Whether the command is one of the group whose first one has the index `group`; the count of all commands: one of
 * none.
 */
static bool belongs(const struct command_table *commands, size_t index, size_t group)
{
	const struct command *first = &commands->rows[group];
	char name[64];

	if (group == commands->count)
		return completion_group_length(&commands->rows[index]) == 0;
	snprintf(name, sizeof(name), "%.*s", (int)completion_group_length(first), first->name);
	return command_is_in_group(&commands->rows[index], name);
}

static void print_names(const struct command_table *commands, size_t group)
{
	puts("\tnames=(");
	for (size_t i = 0; i < commands->count; i++) {
		const struct command *command = &commands->rows[i];
		const char *name = completion_name(command);

		if (belongs(commands, i, group))
			print_name(name, strlen(name), command->summary);
		else if (group == commands->count && completion_begins_group(commands, i))
			print_name(command->name, completion_group_length(command), "Commands of this group.");
	}
	puts("\t)");
}

static void print_group(const struct command *first, int length)
{
	printf("\t\t%.*s) _directmessages_%.*s ;;\n", length, first->name, length, first->name);
}

static void print_function(const struct command_table *commands, size_t group)
{
	bool is_program = group == commands->count;

	if (is_program)
		puts("_directmessages()\n{");
	else
		printf("_directmessages_%.*s()\n{\n", (int)completion_group_length(&commands->rows[group]),
		       commands->rows[group].name);
	puts("\tlocal curcontext=$curcontext state line\n\tlocal -a names\n\ttypeset -A opt_args");
	print_names(commands, group);
	fputs("\t_arguments -C", stdout);
	completion_each_flag(NULL, print_flag);
	if (is_program)
		fputs(" \\\n\t\t\t'--version[Print the version]'", stdout);
	puts(" \\\n\t\t\t'1: :->name' '*:: :->arguments' && return\n\tcase $state in\n"
	     "\tname) _describe -t commands command names ;;\n\targuments)\n\t\tcase $words[1] in");
	for (size_t i = 0; i < commands->count; i++) {
		if (belongs(commands, i, group))
			print_arguments(&commands->rows[i]);
		else if (is_program && completion_begins_group(commands, i))
			print_group(&commands->rows[i], (int)completion_group_length(&commands->rows[i]));
	}
	puts("\t\tesac ;;\n\tesac\n}");
}

void completion_print_zsh(const struct command_table *commands)
{
	puts("#compdef directmessages\n"
	     "# SPDX-License-Identifier: MIT\n"
	     "# The completion for zsh, made by 'directmessages help --form zsh'.");
	for (size_t i = 0; i < commands->count; i++)
		if (completion_begins_group(commands, i))
			print_function(commands, i);
	print_function(commands, commands->count);
	puts("_directmessages \"$@\"");
}
