/* SPDX-License-Identifier: MIT */
/* main.c - finds the subcommand and runs it. */
#include "arguments.h"
#include "cli.h"
#include "commands.h"
#include "config.h"
#include "help.h"
#include "log.h"
#include "openssl_memory.h"
#include "setting_values.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int print_version(void)
{
	printf("directmessages %s\n", dm_version());
	return EXIT_SUCCESS;
}

static bool is_group(const char *word)
{
	for (size_t i = 0; i < commands.count; i++)
		if (command_is_in_group(&commands.rows[i], word))
			return true;
	return false;
}

/* Reads the arguments behind the name, argv[0], and runs the command. */
static int run_command(const struct command *command, int argc, char **argv)
{
	struct arguments arguments;
	bool json;
	int status;

	if (!arguments_read(&arguments, command, argc, argv, &status))
		return status;
	/* Warnings of the settings belong to the log, too. Only what is given outside the configuration file counts
	 * yet. */
	if (command->logs) {
		if (!config_read_log_format(&json))
			return EXIT_USAGE;
		log_set_json(json);
	}
	if (!command->reads_no_settings && !setting_values_load())
		return EXIT_USAGE;
	return command->run(&arguments);
}

static bool is_help(const char *word)
{
	return strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0;
}

/* argv[0] is a group, and argv[1] the command's name in it. */
static int run_in_group(int argc, char **argv)
{
	if (argc == 1)
		return cli_fail(EXIT_USAGE, "'%s' needs a command; see 'directmessages %s --help'", argv[0], argv[0]);
	if (is_help(argv[1])) {
		help_print_group(&commands, argv[0]);
		return EXIT_SUCCESS;
	}
	for (size_t i = 0; i < commands.count; i++)
		if (command_is_in_group(&commands.rows[i], argv[0]) &&
		    strcmp(commands.rows[i].name + strlen(argv[0]) + 1, argv[1]) == 0)
			return run_command(&commands.rows[i], argc - 1, argv + 1);
	return cli_fail(EXIT_USAGE, "there is no command '%s %s'; see 'directmessages --help'", argv[0], argv[1]);
}

static int find_and_run(int argc, char **argv)
{
	if (is_group(argv[0]))
		return run_in_group(argc, argv);
	for (size_t i = 0; i < commands.count; i++)
		if (strcmp(commands.rows[i].name, argv[0]) == 0 && !strchr(argv[0], ' '))
			return run_command(&commands.rows[i], argc, argv);
	return cli_fail(EXIT_USAGE, "there is no command '%s'; see 'directmessages --help'", argv[0]);
}

/* Reads a flag that gives this setting and stands before the command. Returns how many words it has; 0: it is another.
 */
static int read_flag(enum setting setting, int argc, char **argv)
{
	const char *name = setting_row(setting)->flag;
	size_t length = strlen(name);

	if (strncmp(argv[0], "--", 2) != 0 || strncmp(argv[0] + 2, name, length) != 0)
		return 0;
	if (argv[0][2 + length] == '=') {
		setting_give(setting, argv[0] + 3 + length);
		return 1;
	}
	if (argv[0][2 + length] != '\0' || argc == 1)
		return 0;
	setting_give(setting, argv[1]);
	return 2;
}

static int run(int argc, char **argv)
{
	int word = 1, words;

	while (word < argc && argv[word][0] == '-') {
		if (is_help(argv[word])) {
			help_print_program(&commands);
			return EXIT_SUCCESS;
		}
		if (strcmp(argv[word], "--version") == 0)
			return print_version();
		words = read_flag(SETTING_DATABASE, argc - word, argv + word);
		if (words == 0)
			words = read_flag(SETTING_CONFIG, argc - word, argv + word);
		if (words == 0)
			return cli_fail(EXIT_USAGE, "unknown flag or missing value: '%s'; see 'directmessages --help'",
					argv[word]);
		word += words;
	}
	if (word == argc)
		return cli_fail(EXIT_USAGE, "a command is missing; see 'directmessages --help'");
	return find_and_run(argc - word, argv + word);
}

/* If a standard descriptor is closed, the next socket or file would get its number, and output and errors would be
 * written into it. Opens /dev/null in its place. */
static void occupy_standard_descriptors(void)
{
	int descriptor;

	do
		descriptor = open("/dev/null", O_RDWR);
	while (descriptor >= 0 && descriptor <= STDERR_FILENO);
	if (descriptor >= 0)
		close(descriptor);
}

int main(int argc, char **argv)
{
	int status;

	occupy_standard_descriptors();
	openssl_memory_begin();
	status = run(argc, argv);

	if (fflush(stdout) != 0 || ferror(stdout))
		return cli_fail(EXIT_FAILED, "the output can't be written; check where it goes");
	return status;
}
