/* SPDX-License-Identifier: MIT */
/* command.h - what a subcommand is: its name, its flags, its help, its function. The table of them is in commands.c. */
#ifndef COMMAND_H
#define COMMAND_H

#include "settings.h"

#define COMMAND_MAX_FLAGS 10

struct arguments;

/* A flag of the command's own, or one that gives a setting: `setting` alone is filled in then, and the setting's row
 * has the rest. */
struct flag {
	const char *name;     /* without "--" */
	const char *argument; /* what its value is called in the help; NULL: it has no value */
	const char *help;     /* a sentence; `code` stands between backquotes */
	enum setting setting; /* SETTING_NONE: a flag of the command's own */
	int64_t min, max;     /* of a number */
	int64_t fallback;     /* the default of a number; 0: the help names none */
	const char *choices;  /* what shells complete, with blanks between; NULL: nothing */
};

struct command {
	const char *name;    /* one word, or two: "user create" is `create` of the group `user` */
	const char *words;   /* the arguments beside flags, such as "NAME", all of which are needed; "" for none */
	const char *summary; /* a sentence */
	const char *details; /* paragraphs with an empty line between them; NULL: the summary says it all */
	struct flag flags[COMMAND_MAX_FLAGS];
	int (*run)(const struct arguments *arguments); /* returns the exit status */
	bool shows_environment;                        /* the help lists the settings that have no flag, too */
	bool logs;                                     /* its lines on standard error are a log */
	bool reads_no_settings;                        /* it works even if the configuration file does not */
};

/* All subcommands, in the order in which the help shows them. */
struct command_table {
	const struct command *rows;
	size_t count;
};

size_t command_flags_count(const struct command *command);

/* The flag with all its fields, also where a setting's row has them. */
struct flag command_flag(const struct command *command, size_t index);

/* Whether the command belongs to the group: "user" of "user create". */
bool command_is_in_group(const struct command *command, const char *group);

/* What follows the command's name in a usage line, such as "NAME [--reset]", or "[FLAGS]" for more than one. */
#define COMMAND_USAGE_SIZE 80
void command_format_usage(const struct command *command, char usage[COMMAND_USAGE_SIZE]);

/* "--limit N" */
#define COMMAND_FLAG_SIZE 64
void command_format_flag(const struct flag *flag, char text[COMMAND_FLAG_SIZE]);

/* The help of a flag of the command's own, with its default. */
#define COMMAND_HELP_SIZE 512
void command_format_help(const struct flag *flag, char text[COMMAND_HELP_SIZE]);

#endif
