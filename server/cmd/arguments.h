/* SPDX-License-Identifier: MIT */
/* arguments.h - the flags and words that a subcommand was given. */
#ifndef ARGUMENTS_H
#define ARGUMENTS_H

#include "attributes.h"
#include "command.h"

struct arguments {
	const struct command *command;
	char **words;                          /* as many as the command needs */
	const char *values[COMMAND_MAX_FLAGS]; /* of the flags, in the command's order; NULL: not given */
};

/* Reads the flags and words behind the command's name, argv[0]. Every command understands --database, --config and
 * --help; flags may stand behind words. False: the command ends with *status, which is 0 after --help, and EXIT_USAGE
 * after an error was printed. */
MUST_CHECK bool arguments_read(struct arguments *arguments, const struct command *command, int argc, char **argv,
			       int *status);

/* The value of one of the command's flags; NULL: it was not given. For a flag without a value: "" if it was given. */
const char *arguments_value(const struct arguments *arguments, const char *flag);

/* The value of a flag that takes a whole number, whose range and default are in the command's row. False after the
 * error was printed: the command ends with EXIT_USAGE. */
MUST_CHECK bool arguments_number(const struct arguments *arguments, const char *flag, int64_t *number);

/* The first word as an id. False after the error was printed, which names `lister`, the command that lists the ids: the
 * command ends with EXIT_USAGE. */
MUST_CHECK bool arguments_id(const struct arguments *arguments, const char *lister, int64_t *id);

#endif
