/* SPDX-License-Identifier: MIT */
/* reference_pages.h - docs/settings.md and docs/command-line.md, made from the tables of settings and commands. */
#ifndef REFERENCE_PAGES_H
#define REFERENCE_PAGES_H

#include "command.h"

/* Both print on standard output. */
void page_print_settings(const struct command_table *commands);
void page_print_commands(const struct command_table *commands);

#endif
