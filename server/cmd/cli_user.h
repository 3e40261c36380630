/* SPDX-License-Identifier: MIT */
/* cli_user.h - prints a user, and why there is none. */
#ifndef CLI_USER_H
#define CLI_USER_H

#include "cli_json.h"
#include "directmessages.h"

/* Prints the names of the fields, unless the rows are JSON. */
void cli_begin_users(const struct cli_rows *rows);

/* A row function whose context is a struct cli_rows: a line of fields with tabs between them, or of JSON. */
bool cli_print_user(void *context, const struct dm_user *user);

/* cli_fail for a call that was given a user: where that one does not exist it says how to find who does. */
int cli_fail_user(const struct dm_error *error);

#endif
