/* SPDX-License-Identifier: MIT */
/* completion_words.h - what the scripts of all shells need of the tables: groups, flags, what their values may be. */
#ifndef COMPLETION_WORDS_H
#define COMPLETION_WORDS_H

#include "command.h"

/* The flags that every command takes; `count` of them. */
const struct flag *completion_common_flags(size_t *count);

/* Calls the function for the common flags, and for those of the command; NULL: for the common ones alone. */
void completion_each_flag(const struct command *command,
			  void (*print)(const struct command *command, const struct flag *flag));

/* The length of the group's name at the beginning of the command's; 0: it belongs to none. */
size_t completion_group_length(const struct command *command);

/* Whether the command is the first of its group in the table. */
bool completion_begins_group(const struct command_table *commands, size_t index);

/* "log in" of "log in": the command's name within its group. */
const char *completion_name(const struct command *command);

/* Whether the value, or the argument, of that name is a file. */
bool completion_is_file(const char *argument);

/* What may be given for the flag, with blanks between; "" where that is no list. */
#define COMPLETION_CHOICES_SIZE 128
void completion_choices(const struct flag *flag, char choices[COMPLETION_CHOICES_SIZE]);

/* Prints the first sentence of the text without backquotes and without its full stop, for single quotes, with a
 * backslash before each character of `special`. A single quote becomes `quote`. */
void completion_print_sentence(const char *text, const char *special, const char *quote);

#endif
