/* SPDX-License-Identifier: MIT */
/* manual.h - the manual page, made from the tables of settings and commands. */
#ifndef MANUAL_H
#define MANUAL_H

#include "command.h"

/* Prints directmessages(1) on standard output, for man or mandoc. */
void manual_print(const struct command_table *commands);

#endif
