/* SPDX-License-Identifier: MIT */
/* completion.h - what shells complete behind `directmessages`, made from the tables of settings and commands. */
#ifndef COMPLETION_H
#define COMPLETION_H

#include "command.h"

/* Print the script of the shell on standard output. */
void completion_print_bash(const struct command_table *commands);
void completion_print_zsh(const struct command_table *commands);
void completion_print_fish(const struct command_table *commands);

#endif
