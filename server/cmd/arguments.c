/* SPDX-License-Identifier: MIT */
/* arguments.c - the flags and words that a subcommand was given. */
#include "arguments.h"

#include "cli.h"
#include "help.h"
#include "setting_values.h"

#include <getopt.h>
#include <stdlib.h>
#include <string.h>

/* What getopt_long returns for a flag of the command, and for those of all commands; beyond all letters. */
enum { OPTION_FLAG = 256, OPTION_DATABASE, OPTION_CONFIG, OPTION_HELP = 'h' };

static int usage_error(const struct command *command, const char *what, const char *which)
{
	return cli_fail(EXIT_USAGE, "%s%s; see 'directmessages %s --help'", what, which, command->name);
}

/* getopt_long leaves in optopt a letter that it does not know, 0 for a long flag that it does not know, and what a
 * known flag returns where that takes no value, or lacks its own. */
static int option_error(const struct command *command, char **argv, bool lacks_value)
{
	const char letter[] = {'-', (char)optopt, '\0'};
	bool is_letter = optopt > ' ' && optopt < OPTION_FLAG && optopt != OPTION_HELP;
	const char *what = lacks_value ? "a value is missing after " : "unknown flag ";

	if (!lacks_value && !is_letter && optopt != 0)
		what = "no value may be given in ";
	return usage_error(command, what, is_letter ? letter : argv[optind - 1]);
}

static void fill_options(const struct command *command, struct option *options)
{
	size_t count = command_flags_count(command);

	for (size_t i = 0; i < count; i++) {
		struct flag flag = command_flag(command, i);

		*options++ =
			(struct option){flag.name, flag.argument ? required_argument : no_argument, NULL, OPTION_FLAG};
	}
	*options++ = (struct option){"database", required_argument, NULL, OPTION_DATABASE};
	*options++ = (struct option){"config", required_argument, NULL, OPTION_CONFIG};
	*options++ = (struct option){"help", no_argument, NULL, OPTION_HELP};
	*options = (struct option){0};
}

static void give(struct arguments *arguments, int index, const char *value)
{
	enum setting setting = arguments->command->flags[index].setting;

	arguments->values[index] = value ? value : "";
	if (setting)
		setting_give(setting, value);
}

static bool read_options(struct arguments *arguments, int argc, char **argv, int *status)
{
	struct option options[COMMAND_MAX_FLAGS + 4];
	int index, code;

	fill_options(arguments->command, options);
	optind = 0; /* GNU: start over, and allow flags behind words */
	while ((code = getopt_long(argc, argv, ":h", options, &index)) != -1) {
		if (code == OPTION_FLAG) {
			give(arguments, index, optarg);
		} else if (code == OPTION_DATABASE) {
			setting_give(SETTING_DATABASE, optarg);
		} else if (code == OPTION_CONFIG) {
			setting_give(SETTING_CONFIG, optarg);
		} else if (code == OPTION_HELP) {
			help_print_command(arguments->command);
			*status = EXIT_SUCCESS;
			return false;
		} else {
			*status = option_error(arguments->command, argv, code == ':');
			return false;
		}
	}
	return true;
}

static int count_words(const char *words)
{
	int count = *words ? 1 : 0;

	for (; *words; words++)
		count += *words == ' ';
	return count;
}

bool arguments_read(struct arguments *arguments, const struct command *command, int argc, char **argv, int *status)
{
	int wanted = count_words(command->words);

	*arguments = (struct arguments){.command = command};
	if (!read_options(arguments, argc, argv, status))
		return false;
	arguments->words = argv + optind;
	if (argc - optind == wanted)
		return true;
	*status = usage_error(command, argc - optind < wanted ? "an argument is missing" : "too many arguments", "");
	return false;
}

/* The place of the flag in the command's row. */
static size_t find_flag(const struct arguments *arguments, const char *name)
{
	size_t count = command_flags_count(arguments->command);

	for (size_t i = 0; i < count; i++)
		if (strcmp(command_flag(arguments->command, i).name, name) == 0)
			return i;
	abort(); /* the row lacks the flag: a mistake in this program */
}

const char *arguments_value(const struct arguments *arguments, const char *flag)
{
	return arguments->values[find_flag(arguments, flag)];
}

bool arguments_number(const struct arguments *arguments, const char *flag, int64_t *number)
{
	const struct flag *row = &arguments->command->flags[find_flag(arguments, flag)];
	const char *value = arguments_value(arguments, flag);

	*number = row->fallback;
	if (!value || cli_parse_number(value, row->min, row->max, number))
		return true;
	cli_fail(EXIT_USAGE,
		 "--%s must be a whole number from %lld to %lld, not '%.100s'; see 'directmessages %s --help'", flag,
		 (long long)row->min, (long long)row->max, value, arguments->command->name);
	return false;
}

bool arguments_id(const struct arguments *arguments, const char *lister, int64_t *id)
{
	if (cli_parse_number(arguments->words[0], 1, INT64_MAX, id))
		return true;
	cli_fail(EXIT_USAGE, "'%.100s' is not an id; see 'directmessages %s'", arguments->words[0], lister);
	return false;
}
