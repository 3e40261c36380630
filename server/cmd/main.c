/* SPDX-License-Identifier: MIT */
/* main.c - the program's command line: which subcommand it is. */
#include "cli.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* clang-format off */
static const struct command commands[] = {
	{NULL,      "serve",      "[FLAGS]",                "Serves the API until SIGTERM or SIGINT.",            serve_run},
	{NULL,      "migrate",    "[--check]",              "Brings the database's schema up to date.",           migrate_run},
	{"user",    "create",     "NAME [FLAGS]",           "Creates an active user and prints the id.",          user_create_run},
	{"user",    "list",       "",                       "Lists the users.",                                   user_list_run},
	{"user",    "deactivate", "NAME",                   "Refuses the user's token from now on.",              user_deactivate_run},
	{"user",    "activate",   "NAME",                   "Accepts the user's token again.",                    user_activate_run},
	{"token",   "create",     "NAME [--reset]",         "Prints the user's token, making it where there is none.", token_create_run},
	{"token",   "revoke",     "NAME",                   "Removes the user's token.",                          token_revoke_run},
	{"message", "list",       "[--user NAME] [--limit N]", "Lists messages, the newest first.",               message_list_run},
	{"webhook", "create",     "URL [FLAGS]",            "Adds an endpoint that is told of messages, and prints its secret.", webhook_create_run},
	{"webhook", "list",       "",                       "Lists the endpoints.",                               webhook_list_run},
	{"webhook", "delete",     "ID",                     "Removes an endpoint and its deliveries.",            webhook_delete_run},
	{"webhook", "enable",     "ID",                     "Makes a disabled endpoint active again.",            webhook_enable_run},
	{"webhook", "rotate",     "ID [FLAGS]",             "Gives an endpoint a new secret and prints it.",      webhook_rotate_run},
	{"webhook", "test",       "ID",                     "Delivers a test event now and tells what came of it.", webhook_test_run},
	{"webhook", "deliveries", "[FLAGS]",                "Lists deliveries, the newest first.",                webhook_deliveries_run},
	{"webhook", "redeliver",  "DELIVERY",               "Begins a finished delivery anew.",                   webhook_redeliver_run},
	{NULL,      "routes",     "",                       "Prints the route table.",                            routes_run},
};
/* clang-format on */

static bool is_in_group(const struct command *command, const char *group)
{
	return group ? command->group && strcmp(command->group, group) == 0 : true;
}

static void print_commands(const char *group)
{
	for (size_t i = 0; i < ARRAY_LENGTH(commands); i++) {
		char left[64];

		if (!is_in_group(&commands[i], group))
			continue;
		snprintf(left, sizeof(left), "%s%s%s %s", commands[i].group ? commands[i].group : "",
			 commands[i].group ? " " : "", commands[i].name, commands[i].arguments);
		printf("  %-36s %s\n", left, commands[i].summary);
	}
}

static int print_help(void)
{
	puts("directmessages - private messages between users, as a service\n\n"
	     "usage: directmessages [--database URL] COMMAND ...\n");
	print_commands(NULL);
	puts("\n  --database URL   sqlite:///relative.db, sqlite:////absolute.db or\n"
	     "                   postgresql://user@host:port/database\n"
	     "                   (DATABASE_URL; default sqlite:///directmessages.db)\n"
	     "  --help           this text; 'directmessages COMMAND --help' for one command\n"
	     "  --version        the version");
	return EXIT_SUCCESS;
}

static int print_version(void)
{
	printf("directmessages %s\n", dm_version());
	return EXIT_SUCCESS;
}

static bool is_group(const char *word)
{
	for (size_t i = 0; i < ARRAY_LENGTH(commands); i++)
		if (commands[i].group && strcmp(commands[i].group, word) == 0)
			return true;
	return false;
}

static int run_command(int argc, char **argv)
{
	const char *group = is_group(argv[0]) ? argv[0] : NULL;
	const char *name = group ? argv[1] : argv[0];
	int words = group ? 1 : 0;

	if (group && (!name || strcmp(name, "--help") == 0 || strcmp(name, "-h") == 0)) {
		if (!name)
			return cli_fail(EXIT_USAGE, "'%s' needs a command; see 'directmessages %s --help'", group,
					group);
		printf("usage: directmessages [--database URL] %s COMMAND ...\n\n", group);
		print_commands(group);
		return EXIT_SUCCESS;
	}
	for (size_t i = 0; i < ARRAY_LENGTH(commands); i++)
		if (strcmp(commands[i].name, name) == 0 && (commands[i].group != NULL) == (group != NULL) &&
		    is_in_group(&commands[i], group))
			return commands[i].run(&commands[i], argc - words, argv + words);
	return cli_fail(EXIT_USAGE, "there is no command '%s%s%s'; see 'directmessages --help'", group ? group : "",
			group ? " " : "", name);
}

static int run(int argc, char **argv)
{
	int word = 1;

	while (word < argc && argv[word][0] == '-') {
		if (strcmp(argv[word], "--help") == 0 || strcmp(argv[word], "-h") == 0)
			return print_help();
		if (strcmp(argv[word], "--version") == 0)
			return print_version();
		if (strncmp(argv[word], "--database=", 11) == 0) {
			cli_set_database(argv[word++] + 11);
		} else if (strcmp(argv[word], "--database") == 0 && word + 1 < argc) {
			cli_set_database(argv[word + 1]);
			word += 2;
		} else {
			return cli_fail(EXIT_USAGE, "unknown flag or missing value: '%s'; see 'directmessages --help'",
					argv[word]);
		}
	}
	if (word == argc)
		return cli_fail(EXIT_USAGE, "a command is missing; see 'directmessages --help'");
	return run_command(argc - word, argv + word);
}

/* Where a standard descriptor is closed, the next socket or file would get its number, and what is said to somebody
 * would go into it. */
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
	status = run(argc, argv);

	if (fflush(stdout) != 0 || ferror(stdout))
		return cli_fail(EXIT_FAILED, "the output can't be written; check where it goes");
	return status;
}
