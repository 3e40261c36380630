/* SPDX-License-Identifier: MIT */
/* cli.h - what every subcommand needs: flags with their help, errors in one line, the open database. */
#ifndef CLI_H
#define CLI_H

#include "attributes.h"
#include "directmessages.h"

#define EXIT_FAILED 1
#define EXIT_USAGE 2

struct command {
	const char *group; /* "user" of "user create"; NULL for a word of its own */
	const char *name;
	const char *arguments; /* for the usage line */
	const char *summary;
	int (*run)(const struct command *command, int argc,
		   char **argv); /* argv[0] is the name; gives the exit status */
};

struct cli_flag {
	const char *name;     /* without "--" */
	const char *argument; /* what it is called in the help; NULL for a switch */
	const char *help;
	const char **value; /* where the argument goes */
	bool *on;           /* where a switch goes */
};

/* Reads flags (--database and --help are added to them) and wants between `least` and `most` words beside them, which
 * then are argv[0] to argv[count - 1] of *words. False: the command ends with *status (0 after --help, EXIT_USAGE
 * else). */
MUST_CHECK bool cli_parse(const struct command *command, int argc, char **argv, const struct cli_flag *flags,
			  size_t flags_count, int least, int most, char ***words, int *status);

/* "directmessages: <sentence>" on standard error; gives `status`. */
int cli_fail(int status, const char *format, ...) PRINTF_LIKE(2, 3);

/* The database of --database, DATABASE_URL or the default. */
const char *cli_database(void);
void cli_set_database(const char *url);

/* Opens the database with the given rules, without a look at its schema. NULL after the failure was told; *status is
 * then the exit status. */
MUST_CHECK dm *cli_open_only(const struct dm_options *options, bool create, int *status);

/* Opens the database with the given rules (NULL: none) and, unless `create`, wants its schema up to date. NULL after
 * the failure was told; *status is then the exit status. */
MUST_CHECK dm *cli_open(const struct dm_options *options, bool create, int *status);

/* For commands without flags of their own: reads so many words, and opens the database. NULL: the command ends with
 * *status. */
MUST_CHECK dm *cli_begin(const struct command *command, int argc, char **argv, int words_count, char ***words,
			 int *status);

/* A whole number within bounds, or false. */
bool cli_number(const char *text, int64_t least, int64_t most, int64_t *number);

struct dm_text cli_text(const char *text);

/* A field of a line of output: control characters and backslashes as escapes, so that a line stays a line. */
void cli_print_field(struct dm_text text);

/* One function a subcommand. */
int serve_run(const struct command *command, int argc, char **argv);
int migrate_run(const struct command *command, int argc, char **argv);
int user_create_run(const struct command *command, int argc, char **argv);
int user_list_run(const struct command *command, int argc, char **argv);
int user_activate_run(const struct command *command, int argc, char **argv);
int user_deactivate_run(const struct command *command, int argc, char **argv);
int token_create_run(const struct command *command, int argc, char **argv);
int token_revoke_run(const struct command *command, int argc, char **argv);
int message_list_run(const struct command *command, int argc, char **argv);
int webhook_create_run(const struct command *command, int argc, char **argv);
int webhook_list_run(const struct command *command, int argc, char **argv);
int webhook_delete_run(const struct command *command, int argc, char **argv);
int webhook_enable_run(const struct command *command, int argc, char **argv);
int webhook_rotate_run(const struct command *command, int argc, char **argv);
int webhook_test_run(const struct command *command, int argc, char **argv);
int webhook_deliveries_run(const struct command *command, int argc, char **argv);
int webhook_redeliver_run(const struct command *command, int argc, char **argv);
int routes_run(const struct command *command, int argc, char **argv);

#endif
