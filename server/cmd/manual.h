/* SPDX-License-Identifier: MIT */
/* manual.h - the manual pages, made from the tables of settings and commands. */
#ifndef MANUAL_H
#define MANUAL_H

#include "command.h"

/* Print directmessages(1) and directmessages.conf(5) on standard output, for man or mandoc. */
void manual_print(const struct command_table *commands);
void manual_print_conf(const struct command_table *commands);

#endif
