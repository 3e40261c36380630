/* SPDX-License-Identifier: MIT */
/* setting_names.h - from the name of a variable to its setting, or to the setting whose name is most like it. */
#ifndef SETTING_NAMES_H
#define SETTING_NAMES_H

#include "settings.h"

/* SETTING_NONE: there is no such setting. */
enum setting setting_by_name(const char *name);

/* "did you mean DIRECTMESSAGES_PREFIX?" */
#define SETTING_NEAREST_SIZE 80
void setting_format_nearest(const char *name, char text[SETTING_NEAREST_SIZE]);

/* Warns of each variable of the environment that begins as ours do, but is no setting. */
void setting_warn_of_unknown(void);

#endif
