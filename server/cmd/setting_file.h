/* SPDX-License-Identifier: MIT */
/* setting_file.h - the configuration file: settings as NAME=VALUE lines. */
#ifndef SETTING_FILE_H
#define SETTING_FILE_H

#include "attributes.h"
#include "settings.h"

struct setting_file; /* a file that was read; it is not looked at again */

/* Reads the file, and warns of names that are no settings. NULL after the error was printed, which names the line. */
MUST_CHECK struct setting_file *setting_file_read(const char *path);
void setting_file_free(struct setting_file *file);

/* The setting's value, which lives as long as `file`; NULL: the file does not have it. */
const char *setting_file_value(const struct setting_file *file, enum setting setting);

/* Which line has it, for a setting that the file has. */
size_t setting_file_line(const struct setting_file *file, enum setting setting);

const char *setting_file_path(const struct setting_file *file);

/* Gives the setting the value that another file has, or takes it away. False: no memory; the value has not changed. */
MUST_CHECK bool setting_file_keep(struct setting_file *file, const struct setting_file *other, enum setting setting);

#endif
