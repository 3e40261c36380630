/* SPDX-License-Identifier: MIT */
/* completion_bash.c - the completion for bash: a list of words for each command. */
#include "completion.h"
#include "completion_words.h"

#include <stdio.h>

/* Which command is it? Flags stand before it only with a value. Bash makes '=' a word of its own. */
static const char head[] = "# SPDX-License-Identifier: MIT\n"
			   "# The completion for bash, made by 'directmessages help --form bash'.\n"
			   "_directmessages()\n"
			   "{\n"
			   "\tlocal current=$2 before=$3 command='' words='' files='' i\n"
			   "\n"
			   "\t[[ $current == = ]] && current=''\n"
			   "\t[[ $before == = ]] && before=${COMP_WORDS[COMP_CWORD - 2]}\n"
			   "\tfor ((i = 1; i < COMP_CWORD; i++)); do\n"
			   "\t\tcase ${COMP_WORDS[i]} in\n"
			   "\t\t--database | --config)\n"
			   "\t\t\t[[ ${COMP_WORDS[i + 1]} == = ]] && ((i++))\n"
			   "\t\t\t((i++))\n"
			   "\t\t\t;;\n"
			   "\t\t-*) ;;\n"
			   "\t\t*)\n"
			   "\t\t\tcommand=${COMP_WORDS[i]}\n"
			   "\t\t\tbreak\n"
			   "\t\t\t;;\n"
			   "\t\tesac\n"
			   "\tdone\n";

static const char tail[] = "\tesac\n"
			   "\t[[ $current == -* ]] && files=''\n"
			   "\tmapfile -t COMPREPLY < <(compgen -W \"$words\" -- \"$current\")\n"
			   "\tif [[ $files ]]; then\n"
			   "\t\tcompopt -o filenames 2>/dev/null\n"
			   "\t\tmapfile -t -O ${#COMPREPLY[@]} COMPREPLY < <(compgen -f -- \"$current\")\n"
			   "\tfi\n"
			   "}\n"
			   "complete -F _directmessages directmessages\n";

static void print_value(const struct command *command, const struct flag *flag)
{
	char choices[COMPLETION_CHOICES_SIZE];

	if (!flag->argument)
		return;
	completion_choices(flag, choices);
	if (command)
		printf("\t'%s --%s') ", command->name, flag->name);
	else
		printf("\t*' --%s') ", flag->name);
	if (completion_is_file(flag->argument))
		puts("files=1 ;;");
	else if (*choices)
		printf("words='%s' ;;\n", choices);
	else
		puts("return ;;");
}

static void print_values(const struct command *command)
{
	size_t count = command_flags_count(command);

	for (size_t i = 0; i < count; i++) {
		struct flag flag = command_flag(command, i);

		print_value(command, &flag);
	}
}

static void print_flag_name(const struct command *command, const struct flag *flag)
{
	(void)command;
	printf("--%s ", flag->name);
}

static void print_groups(const struct command_table *commands)
{
	fputs("\tcase $command in\n\t", stdout);
	for (size_t i = 0, count = 0; i < commands->count; i++)
		if (completion_begins_group(commands, i))
			printf("%s%.*s", count++ > 0 ? " | " : "", (int)completion_group_length(&commands->rows[i]),
			       commands->rows[i].name);
	puts(") ((i + 1 < COMP_CWORD)) && command+=\" ${COMP_WORDS[i + 1]}\" ;;\n\tesac");
}

static void print_commands_of(const struct command_table *commands, size_t first)
{
	size_t length = completion_group_length(&commands->rows[first]);

	printf("\t%.*s' '*) words='", (int)length, commands->rows[first].name);
	for (size_t i = first; i < commands->count; i++)
		if (i == first ||
		    (completion_group_length(&commands->rows[i]) > 0 && !completion_begins_group(commands, i)))
			printf("%s ", completion_name(&commands->rows[i]));
		else
			break;
	puts("--help' ;;");
}

static void print_words(const struct command_table *commands)
{
	for (size_t i = 0; i < commands->count; i++) {
		const struct command *command = &commands->rows[i];

		printf("\t'%s '*) words='", command->name);
		completion_each_flag(command, print_flag_name);
		printf("'%s ;;\n", completion_is_file(command->words) ? " files=1" : "");
	}
	for (size_t i = 0; i < commands->count; i++)
		if (completion_begins_group(commands, i))
			print_commands_of(commands, i);
	fputs("\t' '*) words='", stdout);
	for (size_t i = 0; i < commands->count; i++)
		if (completion_group_length(&commands->rows[i]) == 0)
			printf("%s ", commands->rows[i].name);
		else if (completion_begins_group(commands, i))
			printf("%.*s ", (int)completion_group_length(&commands->rows[i]), commands->rows[i].name);
	completion_each_flag(NULL, print_flag_name);
	puts("--version' ;;");
}

void completion_print_bash(const struct command_table *commands)
{
	fputs(head, stdout);
	print_groups(commands);
	puts("\tcase \"$command $before\" in");
	completion_each_flag(NULL, print_value);
	for (size_t i = 0; i < commands->count; i++)
		print_values(&commands->rows[i]);
	print_words(commands);
	fputs(tail, stdout);
}
