/* SPDX-License-Identifier: MIT */
/* commands.h - the table of the subcommands. */
#ifndef COMMANDS_H
#define COMMANDS_H

#include "command.h"

extern const struct command_table commands;

#endif
