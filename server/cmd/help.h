/* SPDX-License-Identifier: MIT */
/* help.h - what --help prints, from the tables of settings and commands. */
#ifndef HELP_H
#define HELP_H

#include "command.h"

void help_print_program(const struct command_table *commands);
void help_print_group(const struct command_table *commands, const char *group);
void help_print_command(const struct command *command);

#endif
