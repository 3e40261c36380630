/* SPDX-License-Identifier: MIT */
/* completion_fish.c - the completion for fish: a line for each name and flag. */
#include "completion.h"
#include "completion_words.h"

#include <stdio.h>
#include <string.h>

#define IN_QUOTES "\\"
#define QUOTE "\\'"

/* Whether the words before the cursor begin with these; with another argument: whether they are these alone. Flags
 * stand before a command only with a value. */
static const char head[] = "# SPDX-License-Identifier: MIT\n"
			   "# The completion for fish, made by 'directmessages help --form fish'.\n"
			   "function __directmessages_at\n"
			   "\tset -l words (commandline -opc)\n"
			   "\tset -e words[1]\n"
			   "\twhile set -q words[1]; and string match -q -- '-*' $words[1]\n"
			   "\t\tcontains -- $words[1] --database --config; and set -q words[2]; and set -e words[2]\n"
			   "\t\tset -e words[1]\n"
			   "\tend\n"
			   "\tset -l wanted (string split -n ' ' -- $argv[1])\n"
			   "\tset -l count (count $wanted)\n"
			   "\tset -q argv[2]; and test (count $words) -ne $count; and return 1\n"
			   "\ttest (count $words) -ge $count; or return 1\n"
			   "\ttest $count -eq 0; or test \"$words[1..$count]\" = \"$argv[1]\"\n"
			   "end\n"
			   "complete -c directmessages -f\n";

static const char line[] = "complete -c directmessages -n '__directmessages_at \"%.*s\"%s' ";

static void print_flag(const struct command *command, const struct flag *flag)
{
	const char *name = command ? command->name : "";
	char choices[COMPLETION_CHOICES_SIZE];

	completion_choices(flag, choices);
	printf(line, (int)strlen(name), name, command ? "" : " only");
	printf("-l %s", flag->name);
	if (completion_is_file(flag->argument))
		fputs(" -rF", stdout);
	else if (flag->argument)
		fputs(" -x", stdout);
	if (*choices)
		printf(" -a '%s'", choices);
	fputs(" -d '", stdout);
	completion_print_sentence(flag->help, IN_QUOTES, QUOTE);
	puts("'");
}

static void print_name(const char *before, size_t before_length, const char *name, size_t length, const char *text)
{
	printf(line, (int)before_length, before, " only");
	printf("-a %.*s -d '", (int)length, name);
	completion_print_sentence(text, IN_QUOTES, QUOTE);
	puts("'");
}

void completion_print_fish(const struct command_table *commands)
{
	fputs(head, stdout);
	completion_each_flag(NULL, print_flag);
	puts("complete -c directmessages -n '__directmessages_at \"\" only' -l version -d 'Print the version'");
	for (size_t i = 0; i < commands->count; i++) {
		const struct command *command = &commands->rows[i];
		const char *name = completion_name(command);
		size_t group = completion_group_length(command);

		if (completion_begins_group(commands, i))
			print_name("", 0, command->name, group, "Commands of this group.");
		print_name(command->name, group, name, strlen(name), command->summary);
		completion_each_flag(command, print_flag);
		if (completion_is_file(command->words)) {
			printf(line, (int)strlen(command->name), command->name, "");
			puts("-F");
		}
	}
}
