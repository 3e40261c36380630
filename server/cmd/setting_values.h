/* SPDX-License-Identifier: MIT */
/* setting_values.h - the value of each setting: from its flag, else from its variable in the environment, else from the
 * configuration file, else its default. For the main thread alone. */
#ifndef SETTING_VALUES_H
#define SETTING_VALUES_H

#include "attributes.h"
#include "settings.h"

struct setting_file;

/* Reads the configuration file, if there is one, and warns of variables that are no settings. False after the error was
 * printed: the program ends with EXIT_USAGE. */
MUST_CHECK bool setting_values_load(void);

/* Sets the value by the setting's flag. The text must live as long as the program. */
void setting_give(enum setting setting, const char *value);

/* Whether a flag or the environment decides, whatever the file has. */
bool setting_is_fixed(enum setting setting);

/* From now on the file's values count. NULL: there is no file. Returns the one that counted before. The texts that
 * setting_text returns live as long as their file. */
struct setting_file *setting_use_file(struct setting_file *file);

/* The value of a text: from the flag, the environment, the file or the default; NULL: there is none of them. */
const char *setting_text(enum setting setting);

/* The value of a number or switch, likewise. False after the error was printed: the program ends with EXIT_USAGE. */
MUST_CHECK bool setting_number(enum setting setting, int64_t *number);
MUST_CHECK bool setting_switch(enum setting setting, bool *on);

/* Prints that the value of a text is wrong, and what may be given instead. Always false. */
bool setting_refuse(enum setting setting);

/* What an error calls the setting by where its value is from: "--threads", "DIRECTMESSAGES_THREADS", or "FILE, line 3:
 * DIRECTMESSAGES_THREADS". Valid until the next call. */
const char *setting_name(enum setting setting);

#endif
